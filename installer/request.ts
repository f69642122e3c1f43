import { ROLES_OF_TYPE } from '../src/contract/install-type.ts';
import type { ServicePort } from '../src/contract/service.ts';
import type { Settings } from '../src/contract/settings.ts';
import { layoutOf } from '../src/base/layout.ts';
import { templateContext } from '../src/manifest/context.ts';
import { chooseComponents, portsOf, type Choice } from '../src/manifest/installed.ts';
import type { Manifest } from '../src/manifest/schema.ts';
import type { Answers } from './answers.ts';
import type { OpenBundle } from '../src/bundle/open.ts';
import type { HostFacts } from './host-facts.ts';
import { suitablePython } from '../src/host/python.ts';

/** The component whose program --system-collectd replaces. */
export const SYSTEM_COLLECTOR = 'collectd';

/** What is to be installed: the answers and the components chosen by them. */
export interface InstallRequest {
  directory: string;
  answers: Answers;
  choice: Choice;
  allowRoot: boolean;
}

/** Which components the answers choose from a bundle. Pure. */
export function choiceFor(answers: Answers, { bundle, manifests }: Pick<OpenBundle, 'bundle' | 'manifests'>): Choice {
  const bundled = bundle.components.map(({ name }) => name);
  if (!answers.systemCollectd) return chooseComponents(answers.type, manifests, new Set(bundled));
  const others = manifests.filter(({ role, name }) => role !== 'collector' || name === SYSTEM_COLLECTOR);
  return chooseComponents(answers.type, others, new Set([...bundled, SYSTEM_COLLECTOR]));
}

/** conf/dkm.toml's values for these answers on this machine. Only right when preflight found nothing. Pure. */
export function settingsFor({ answers, choice }: InstallRequest, facts: Pick<HostFacts, 'hostname' | 'pythons' | 'systemCollectd'>): Settings {
  const python = suitablePython(choice.components, facts.pythons)?.path;
  return {
    install: {
      type: answers.type,
      port: answers.port,
      hostname: answers.hostname ?? facts.hostname,
      listen: answers.listen,
      ...(answers.carbonServer && { carbon_server: answers.carbonServer }),
      ...(answers.systemCollectd && facts.systemCollectd !== undefined && { system_collectd: facts.systemCollectd }),
      ...(python !== undefined && { python }),
      providers: choice.providers,
    },
    services: {},
  };
}

/** The ports that an installation by these answers listens on. Pure. */
export function portsFor(choice: Choice, answers: Answers): ServicePort[] {
  const settings = { install: { ...answers, hostname: 'unknown', providers: choice.providers }, services: {} };
  const context = templateContext('', settings, layoutOf('/'));
  return choice.components.flatMap((manifest) => portsOf(manifest, context));
}

/** True when an installation of this type has the role. */
export function hasRole(answers: Answers, role: Manifest['role']): boolean {
  return ROLES_OF_TYPE[answers.type].includes(role);
}
