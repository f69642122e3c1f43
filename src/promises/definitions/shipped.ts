import { messageOf } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import type { Settings } from '../../contract/settings.ts';
import { render, templateContext } from '../../manifest/context.ts';
import { OWN_TEMPLATES, PROMISES_FILE } from '../../manifest/host-promises.ts';
import { installedComponents } from '../../manifest/installed.ts';
import type { Manifest, ShippedPromise } from '../../manifest/schema.ts';
import type { Defined, Definition } from './definition.ts';
import { EVERY_FIVE_MINUTES } from './frequency.ts';
import { ASKING_KINDS, KINDS_OF_SERVICES } from './settings.ts';

/*
 * What is promised by the components of an installation and, of the machine and of dkm itself, by _promises.toml.
 */

const USUAL_TIMEOUT_S = 20;

export interface Shipping {
  manifests: readonly Manifest[];
  /** Of _promises.toml. */
  host: readonly ShippedPromise[];
  settings: Settings;
  layout: Layout;
}

/** The promises that come with dkm, of the components that this installation has and for its type. Pure. */
export function shippedDefinitions({ manifests, host, settings, layout }: Shipping): Defined {
  const components = installedComponents(manifests, settings);
  const found: Defined = { definitions: [], faults: [] };
  for (const component of components) {
    const of = { component: component.name, origin: component.name, file: `${component.name}.toml`, service: component.service && component.name };
    for (const promise of component.promises) add(found, promise, of, settings, layout);
  }
  for (const promise of host) add(found, promise, { component: OWN_TEMPLATES, origin: 'host', file: PROMISES_FILE, service: undefined }, settings, layout);
  return found;
}

interface Origin {
  /** Whose folder {{component}} is. */
  component: string;
  origin: string;
  file: string;
  /** What it is about where it does not say so. */
  service: string | undefined;
}

function add({ definitions, faults }: Defined, promise: ShippedPromise, from: Origin, settings: Settings, layout: Layout): void {
  if (promise.types !== undefined && !promise.types.includes(settings.install.type)) return;
  const fill = filler(from.component, settings, layout, `${from.file}: promises."${promise.id}"`);
  try {
    if (promise.when !== undefined && fill(promise.when, 'when').trim() === '') return;
    definitions.push(definitionOf(promise, from, fill));
  } catch (error) {
    faults.push({ file: from.file, message: messageOf(error) });
  }
}

function definitionOf(promise: ShippedPromise, { origin, file, service }: Origin, fill: Definition['fill']): Definition {
  const isAbout = service !== undefined && KINDS_OF_SERVICES.includes(promise.kind);
  return {
    id: promise.id,
    title: promise.title,
    origin,
    file,
    enabled: promise.enabled,
    severity: promise.severity,
    frequency: promise.frequency,
    timeoutS: promise.timeout_s,
    usualFrequency: EVERY_FIVE_MINUTES,
    usualTimeoutS: USUAL_TIMEOUT_S,
    check: { kind: 'built-in', name: promise.kind, settings: { ...usualSettings(promise.kind), ...(isAbout && { service }), ...promise.settings } },
    publicPaths: [],
    privatePaths: [],
    fill,
  };
}

/** What a kind is told where nobody says otherwise, and what depends on the installation: templates. */
export function usualSettings(kind: string): Record<string, unknown> {
  return ASKING_KINDS.includes(kind) ? { url: '{{url connect.query}}' } : {};
}

/** Fills in templates as in a component's manifest. */
export function filler(component: string, settings: Settings, layout: Layout, where: string): (text: string, key: string) => string {
  const context = templateContext(component, settings, layout);
  // Most text has nothing to fill in, and a template is dear to read.
  return (text, key) => (text.includes('{{') ? render(text, context, `${where}.${key}`) : text);
}
