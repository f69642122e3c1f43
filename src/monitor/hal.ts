import type { MonitorSpec } from '../contract/monitor.ts';

/** A promise as the first generation's interface lists it. */
export interface Listed {
  id: string;
  title: string;
  /** It brings a page of its own: private/<id>/interface/index.html. */
  hasInterface: boolean;
}

/** `monitor.haljson` (application/hal+json, https://datatracker.ietf.org/doc/html/draft-kelly-json-hal). Pure. */
export function halDocument(spec: MonitorSpec, listed: readonly Listed[]): Record<string, unknown> {
  return {
    title: spec.title,
    ...(spec.instances.length > 0 && { _links: { related_monitor: spec.instances.map((href) => ({ href })) } }),
    ...(listed.length > 0 && { _embedded: { service: listed.map(service) } }),
  };
}

function service({ id, title, hasInterface }: Listed): Record<string, unknown> {
  const name = encodeURIComponent(id);
  return {
    id,
    title,
    _links: {
      status: { href: `/public/${name}.status.json` },
      interface: { href: hasInterface ? `/private/${name}/interface/` : `/default-promise-interface.html?service_name=${name}` },
    },
  };
}
