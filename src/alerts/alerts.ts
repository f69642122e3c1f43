import type { Layout } from '../base/layout.ts';
import { portsFrom } from '../contract/ports.ts';
import type { PromiseSpec } from '../contract/promise.ts';
import type { Settings } from '../contract/settings.ts';
import { seenFromOutside } from '../manifest/context.ts';
import { installedComponents } from '../manifest/installed.ts';
import type { Manifest, ShippedAlert, ShippedPromise } from '../manifest/schema.ts';
import { compileAll } from '../promises/definitions/compile.ts';
import { parsePromiseSettings } from '../promises/definitions/overrides.ts';
import { shippedDefinitions } from '../promises/definitions/shipped.ts';

/*
 * Promises that are to be rules of Grafana, too: those with an [promises.alert] in vendor-manifests. They are read as the
 * promises are, with what conf/promises.toml changes, so that a threshold stands in one place.
 */

/** A promise that is a rule of Grafana, with everything filled in. */
export interface Alert extends ShippedAlert {
  promise: PromiseSpec & { check: { kind: 'built-in' } };
  /** False: it is switched off in conf/promises.toml. */
  enabled: boolean;
  /** The page of the console that tells of it. */
  page: string;
  /** The page of its dashboard. */
  dashboardPage: string;
}

export interface AlertSources {
  manifests: readonly Manifest[];
  /** Of _promises.toml. */
  host: readonly ShippedPromise[];
  settings: Settings;
  layout: Layout;
  /** conf/promises.toml, where there is one. */
  promiseSettings: string | undefined;
}

/**
 * The rules of an installation. Those of _promises.toml are there whatever its type: Grafana may run where no store does
 * (frontend), and then asks the same questions of another host's. A fault in conf/promises.toml is as if it were not
 * there; `dkm promise list` tells of it. Pure.
 */
export function alertsOf({ manifests, host, settings, layout, promiseSettings }: AlertSources): Alert[] {
  const components = installedComponents(manifests, settings).map((component) => ({ ...component, promises: component.promises.filter(isAlert) }));
  const ofHost = host.filter(isAlert).map((promise) => ({ ...promise, types: undefined }));
  const shipped = [...components.flatMap(({ promises }) => promises), ...host.filter(isAlert)];
  const { overrides, defaults } = parsePromiseSettings(promiseSettings, 'conf/promises.toml');
  const { definitions } = shippedDefinitions({ manifests: components, host: ofHost, settings, layout });
  const enabled = new Map(definitions.map(({ id, enabled: isOn }) => [id, overrides.get(id)?.enabled ?? isOn]));
  const all = new Map([...overrides].map(([id, override]) => [id, { ...override, enabled: true }]));
  const { promises } = compileAll(
    definitions.map((definition) => ({ ...definition, enabled: true })),
    { overrides: all, defaults, file: 'conf/promises.toml' },
  );
  const { listen, hostname, port: first, type } = settings.install;
  const [port, address] = [portsFrom(first), seenFromOutside(listen.dashboards, hostname)];
  const console = `http://${address}:${port.console}/promises`;
  return promises.flatMap((promise) => {
    const { alert, types } = shipped.find(({ id }) => id === promise.id) ?? {};
    const { check } = promise;
    if (alert === undefined || check.kind !== 'built-in') return [];
    const isHere = types === undefined || types.includes(type);
    return [
      {
        ...alert,
        promise: { ...promise, check },
        enabled: enabled.get(promise.id) ?? true,
        page: isHere ? `${console}/${promise.id}` : console,
        // Grafana's own annotations for it want a panel, too.
        dashboardPage: `http://${address}:${port.dashboards}/d/${alert.dashboard}`,
      },
    ];
  });
}

function isAlert({ alert }: ShippedPromise): boolean {
  return alert !== undefined;
}
