import { isAbsolute, join } from 'node:path';
import { DkmError } from '../base/errors.ts';
import type { Layout } from '../base/layout.ts';
import { ROLES_OF_TYPE, type Role } from '../contract/install-type.ts';
import type { Probe, ServiceLimits, ServiceSpec } from '../contract/service.ts';
import type { ServiceOverrides, Settings } from '../contract/settings.ts';
import { reachable, render, templateContext, type TemplateContext } from '../manifest/context.ts';
import { installedComponents, portsOf } from '../manifest/installed.ts';
import type { Manifest, ProbeSpec, ServiceManifest } from '../manifest/schema.ts';

/** What is to be run: manifests + conf/dkm.toml -> services, sorted as they are started. Pure. */
export function servicesOf(manifests: readonly Manifest[], settings: Settings, layout: Layout): ServiceSpec[] {
  const components = installedComponents(manifests, settings);
  refuseUnknownOverrides(components, settings, layout);
  return components
    .flatMap((manifest) => (manifest.service ? [serviceSpec(manifest, manifest.service, components, settings, layout)] : []))
    .sort((a, b) => rankOf(a.role, settings) - rankOf(b.role, settings));
}

function rankOf(role: Role, settings: Settings): number {
  return ROLES_OF_TYPE[settings.install.type].indexOf(role);
}

function refuseUnknownOverrides(components: readonly Manifest[], settings: Settings, layout: Layout): void {
  for (const name of Object.keys(settings.services)) {
    if (components.some((component) => component.name === name && component.service)) continue;
    const known = components.filter((component) => component.service).map((component) => component.name);
    throw new DkmError('file-invalid', `${layout.settings}: services.${name}: there is no such service here`, {
      hint: `The services of this installation are ${known.join(', ')}.`,
    });
  }
}

function serviceSpec(manifest: Manifest, service: ServiceManifest, components: readonly Manifest[], settings: Settings, layout: Layout): ServiceSpec {
  const context = templateContext(manifest.name, settings, layout);
  const overrides = settings.services[manifest.name] ?? {};
  const fill = (key: string) => (text: string) => render(text, context, `${manifest.name}.toml: service.${key}`);
  const command = service.command.map(fill('command'));
  if (!isAbsolute(command[0] ?? '')) {
    throw new DkmError('manifest-invalid', `${manifest.name}.toml: service.command: expected an absolute path, found "${command[0] ?? ''}"`);
  }
  const outputFile = join(layout.logs, `${manifest.name}.log`);
  const ready = probeOf(service.ready, manifest, context);
  const check = service.check.map((words) => words.map(fill('check')));
  return {
    name: manifest.name,
    title: manifest.title,
    version: manifest.version,
    role: manifest.role,
    command,
    beforeStart: [...service.before_start.map((words) => words.map(fill('before_start'))), ...check],
    check,
    environment: { ...mapValues(service.environment, fill('environment')), ...overrides.environment },
    directory: fill('directory')(service.directory),
    after: components.filter((other) => other.service && other.name !== manifest.name && service.after.includes(other.role)).map((other) => other.name),
    ready,
    health: {
      probe: service.health.probe ? probeOf(service.health.probe, manifest, context) : ready,
      intervalMs: service.health.interval_s * 1000,
      timeoutMs: service.health.timeout_s * 1000,
      failures: service.health.failures,
    },
    startTimeoutMs: (overrides.start_timeout_s ?? service.start_timeout_s) * 1000,
    stop: { signal: service.stop.signal, timeoutMs: (overrides.stop_timeout_s ?? service.stop.timeout_s) * 1000 },
    ...(service.reload_signal && { reloadSignal: service.reload_signal }),
    reopen: service.reopen,
    restart: service.restart,
    ports: portsOf(manifest, context),
    outputFile,
    logFiles: service.log === undefined ? [outputFile] : [...new Set([fill('log')(service.log), outputFile])],
    autostart: overrides.autostart ?? service.autostart,
    storesIn: service.stores_in.map((directory) => join(layout.root, directory)),
    limits: limitsOf(service, overrides),
  };
}

function limitsOf(service: ServiceManifest, { memory_mib, nice, open_files }: ServiceOverrides): ServiceLimits {
  return {
    ...(memory_mib !== undefined && { memoryBytes: memory_mib * 2 ** 20 }),
    ...(nice !== undefined && { nice }),
    ...(open_files !== undefined && { openFiles: open_files }),
    ...(service.open_files !== undefined && { neededOpenFiles: service.open_files }),
  };
}

function probeOf(probe: ProbeSpec, manifest: Manifest, context: TemplateContext): Probe {
  const fill = (text: string): string => render(text, context, `${manifest.name}.toml: service probe`);
  switch (probe.kind) {
    case 'tcp':
      return { kind: 'tcp', host: reachable(addressOfPort(probe.port, manifest, context)), port: context.port[probe.port] };
    case 'http':
      return { kind: 'http', url: fill(probe.url), status: probe.status, ...(probe.contains !== undefined && { contains: fill(probe.contains) }) };
    case 'file':
      return { kind: 'file', path: fill(probe.path), ...(probe.max_age_s !== undefined && { maxAgeMs: probe.max_age_s * 1000 }) };
  }
}

function addressOfPort(name: string, manifest: Manifest, context: TemplateContext): string {
  const port = manifest.ports.find((candidate) => candidate.name === name);
  return port ? context.listen[port.listen] : context.listen.loopback;
}

function mapValues(record: Record<string, string>, change: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
