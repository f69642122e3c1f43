import { join } from 'node:path';
import { DkmError, messageOf } from '../base/errors.ts';
import { readIfPresent } from '../base/files.ts';
import type { Layout } from '../base/layout.ts';
import { isSameProcess } from '../base/process-identity.ts';
import type { ServiceSpec } from '../contract/service.ts';
import { readSettings, type Settings } from '../contract/settings.ts';
import { parseStatus, type ServiceStatus, type SupervisorStatus } from '../contract/status.ts';
import { templateContext, type TemplateContext } from '../manifest/context.ts';
import { installedComponents } from '../manifest/installed.ts';
import { loadManifests } from '../manifest/load.ts';
import type { Manifest } from '../manifest/schema.ts';
import { servicesOf } from '../supervisor/services.ts';
import { survivors } from '../supervisor/survivors.ts';
import { withDescendants } from '../host/processes.ts';
import { problem, type Found } from './finding.ts';

/** What every check sees: the installation as far as it can be read. Nothing in it is missing because one file is broken. */
export interface Scene {
  layout: Layout;
  /** Undefined when conf/dkm.toml cannot be read; `faults` says why. */
  settings: Settings | undefined;
  /** The components that this installation runs; none when manifests or settings cannot be read. */
  components: Manifest[];
  /** Every service as it is configured now. */
  services: ServiceSpec[];
  /** What the last supervisor wrote. */
  account: SupervisorStatus | undefined;
  supervisorRuns: boolean;
  /** Services whose process is there. */
  running: ServiceStatus[];
  /** The supervisor, the services and everything they started. */
  pids: number[];
  /** Why something could not be read. */
  faults: Found[];
}

/** Looks at an installation; never throws. */
export async function sceneOf(layout: Layout): Promise<Scene> {
  const faults: Found[] = [];
  const or = async <T>(otherwise: T, read: () => T | Promise<T>, where: string, fix: string): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      faults.push(problem(messageOf(error), where, (error instanceof DkmError ? error.hint : undefined) ?? fix));
      return otherwise;
    }
  };
  const settings = await or(undefined, () => readSettings(layout.settings), layout.settings, `Mend ${layout.settings}.`);
  const manifestFolder = join(layout.current, 'vendor-manifests');
  const manifests = await or<Manifest[]>([], () => loadManifests(manifestFolder), manifestFolder, 'See what is missing: dkm verify');
  const components = settings === undefined ? [] : installedComponents(manifests, settings);
  const services = settings === undefined ? [] : await or<ServiceSpec[]>([], () => servicesOf(manifests, settings, layout), layout.settings, 'Mend it.');
  const account = await or(undefined, async () => parseStatus((await readIfPresent(layout.status)) ?? ''), layout.status, `Remove ${layout.status}.`);
  const supervisorRuns = account !== undefined && isSameProcess(account.pid, account.pidStartTime);
  const running = survivors(account);
  const pids = withDescendants([...(supervisorRuns ? [account.pid] : []), ...running.flatMap(({ pid }) => pid ?? [])]);
  return { layout, settings, components, services, account, supervisorRuns, running, pids, faults };
}

/** The values that a component's templates see; undefined when the settings cannot be read. */
export function contextOf(scene: Scene, component: string): TemplateContext | undefined {
  return scene.settings && templateContext(component, scene.settings, scene.layout);
}
