import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { answersOf } from '../../../installer/answers.ts';
import { openBundle, type OpenBundle } from '../../../src/bundle/open.ts';
import { verifyBundle } from '../../../src/bundle/verify.ts';
import { parseOptions } from '../../../installer/options.ts';
import { installPlan, partOf, stepInWords, type Step } from '../../../installer/plan.ts';
import { choiceFor, portsFor, settingsFor, type InstallRequest } from '../../../installer/request.ts';
import { newSecret } from '../../../installer/steps/write-secret.ts';
import { summaryInWords, summaryOf } from '../../../installer/summary.ts';
import { INSTALL_TYPES } from '../../../src/contract/install-type.ts';
import { formatSettings, type Settings } from '../../../src/contract/settings.ts';
import { loadRetention } from '../../../src/manifest/retention.ts';
import { FAKE_COMPONENTS, makeFakeBundle } from '../../helpers/fake-bundle.ts';
import { removeTree, workDirectory } from '../../helpers/work-directory.ts';

const FACTS = { hostname: 'host.example.org', pythons: [], systemCollectd: '/usr/sbin/collectd' };

let bundle: OpenBundle;
beforeAll(async () => {
  const root = workDirectory('plan');
  await makeFakeBundle(root);
  bundle = await openBundle(root, await verifyBundle(root));
  return () => removeTree(root);
});

function requestFor(...argv: string[]): InstallRequest {
  const answers = answersOf(parseOptions(['-d', '/srv/dkm', ...argv])!, undefined);
  return { directory: '/srv/dkm', answers, choice: choiceFor(answers, bundle), allowRoot: false };
}

function planFor(request: InstallRequest): { settings: Settings; steps: Step[]; text: string } {
  const settings = settingsFor(request, FACTS);
  const steps = installPlan({ bundle, components: request.choice.components, settings, directory: request.directory });
  const contents = steps.flatMap((step) => {
    if (step.kind === 'write-generated') return [`--- ${step.path}\n${step.content}`];
    return step.kind === 'write-settings' ? [`--- ${step.path}\n${formatSettings(step.settings)}`] : [];
  });
  const summary = summaryInWords(summaryOf(request.directory, bundle, request.choice.components, settings));
  return { settings, steps, text: [steps.map(stepInWords).join('\n'), ...contents, `--- summary\n${summary}\n`].join('\n') };
}

const SERVER: Partial<Record<string, string[]>> = { agent: ['--carbon-server', 'monitor'], frontend: ['--carbon-server', 'monitor:2003'] };

describe('installPlan', () => {
  it.each(INSTALL_TYPES)('of type %s', async (type) => {
    const { text } = planFor(requestFor('-t', type, '-p', '16000', ...(SERVER[type] ?? [])));
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, '..', '..', 'golden', 'plans', `${type}.txt`));
  });

  it('says what a metric of a host takes of the disk, where metrics are stored', async () => {
    const retention = await loadRetention(join(import.meta.dirname, '../../../vendor-manifests'));
    const said = (...argv: string[]): string => {
      const { directory, choice, ...rest } = requestFor(...argv);
      return summaryInWords(summaryOf(directory, { ...bundle, retention }, choice.components, settingsFor({ directory, choice, ...rest }, FACTS)));
    };
    expect(said()).toContain('Disk:        at most 953 KiB for each metric of a host, kept 10s:1d,1m:14d,10m:1y; more: dkm retention show');
    expect(said('-t', 'agent', '--carbon-server', 'monitor')).not.toContain('Disk:');
  });

  it("takes the system's collectd, bundled or not", () => {
    const request = requestFor('--system-collectd');
    const { settings } = planFor(request);
    expect(settings.install).toMatchObject({ system_collectd: '/usr/sbin/collectd', providers: { collector: 'collectd' } });
    const without = { manifests: bundle.manifests, bundle: { ...bundle.bundle, components: [] } };
    expect(choiceFor(request.answers, without).providers).toEqual({ collector: 'collectd' });
    expect(choiceFor(requestFor().answers, without).lacking).toEqual(['store', 'query', 'dashboards', 'collector']);
  });

  it('ends with the settings, and places bundle.json after everything else of the bundle', () => {
    const { steps } = planFor(requestFor());
    expect(steps.at(-1)?.kind).toBe('write-settings');
    expect(steps.filter(({ kind }) => kind === 'place-files').at(-1)?.path).toBe('versions/1.0.0/bundle.json');
  });

  it('makes every directory before what goes into it', () => {
    const { steps } = planFor(requestFor());
    const made = new Set(['.']);
    for (const step of steps) {
      if (step.kind === 'make-directory') made.add(step.path);
      const parent = step.path.split('/').slice(0, -1).join('/') || '.';
      if (step.kind !== 'place-files') expect(made).toContain(parent);
    }
  });

  it('refuses two components that make the same file, and a template outside conf/', () => {
    const request = requestFor();
    const settings = settingsFor(request, FACTS);
    const withTemplate = (component: string, path: string): (() => Step[]) => {
      const templates = [...bundle.templates, { component, path, text: '' }];
      return () => installPlan({ bundle: { ...bundle, templates }, components: request.choice.components, settings, directory: '/srv/dkm' });
    };
    expect(withTemplate('store', 'conf/query.yaml')).toThrow(/both .* make conf\/query.yaml/);
    expect(withTemplate('store', 'bin/store.hbs')).toThrow('below conf/');
    expect(withTemplate('store', 'conf/../bin/dkm')).toThrow('below conf/');
  });

  it('has an extra in every type it is meant for', () => {
    expect(FAKE_COMPONENTS.some(({ manifest }) => manifest.includes('"extra"'))).toBe(false);
    const extra = { ...bundle.manifests[0]!, name: 'extra', role: 'extra' as const, types: ['all' as const] };
    const described = { ...bundle.bundle.components[0]!, name: 'extra' };
    const more = { manifests: [...bundle.manifests, extra], bundle: { ...bundle.bundle, components: [...bundle.bundle.components, described] } };
    expect(choiceFor(requestFor().answers, more).components.map(({ name }) => name)).toContain('extra');
    expect(choiceFor(requestFor('-t', 'server').answers, more).components.map(({ name }) => name)).not.toContain('extra');
  });
});

describe('portsFor', () => {
  it.each([
    ['all', [16001, 16003, 16002, 16000]],
    ['backend', [16001, 16003, 16002]],
    ['frontend', [16000]],
    ['agent', []],
  ])('asks for the ports that the type %s uses', (type, ports) => {
    const { choice, answers } = requestFor('-t', type, '-p', '16000');
    expect(portsFor(choice, answers).map(({ port }) => port)).toEqual(ports);
  });
});

describe('partOf', () => {
  it.each([
    ['installer', 'installer'],
    ['components/grafana/bin/grafana', 'components/grafana'],
    ['templates/x/conf/y', 'templates'],
  ])('%s is %s', (path, part) => expect(partOf(path)).toBe(part));
});

describe('newSecret', () => {
  it('is 32 random bytes for programs', () => {
    expect(Buffer.from(newSecret('token'), 'base64url')).toHaveLength(32);
    expect(newSecret('token')).not.toBe(newSecret('token'));
  });

  it('has no letters that look alike for people', () => {
    const passwords = Array.from({ length: 50 }, () => newSecret('password'));
    expect(new Set(passwords).size).toBe(50);
    for (const password of passwords) expect(password).toMatch(/^[2-9A-Za-z-]{27}$/);
    expect(passwords.join('')).not.toMatch(/[0O1lIoi]/);
  });
});
