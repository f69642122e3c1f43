import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listTree } from '../../src/base/files.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** What dkm's commands are made of. */
const BELOW_COMMANDS = [
  'src/base',
  'src/contract',
  'src/manifest',
  'src/bundle',
  'src/host',
  'src/log-files',
  'src/redaction',
  'src/configuration',
  'src/change',
  'src/backup',
  'src/whisper',
  'src/retention',
  'src/diagnosis',
  'src/promises',
  'src/monitor',
  'src/notify',
  'src/dss',
  'src/terminal',
];

/**
 * Who may import whom, by folder: imports point one way, so that a part can be read without those above it. A folder
 * may always import from itself.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'src/base': [],
  'src/dashboards': ['src/base'],
  'src/contract': ['src/base'],
  'src/manifest': ['src/base', 'src/contract', 'src/dashboards'],
  'src/sources': ['src/base', 'src/contract', 'src/manifest'],
  'src/package': ['src/base', 'src/contract', 'src/manifest', 'src/sources'],
  'src/bundle': ['src/base', 'src/contract', 'src/manifest'],
  'src/host': ['src/base', 'src/contract', 'src/manifest'],
  'src/log-files': ['src/base'],
  'src/redaction': ['src/base'],
  'src/alerts': ['src/base', 'src/contract', 'src/manifest', 'src/promises'],
  'src/configuration': ['src/base', 'src/contract', 'src/manifest', 'src/bundle', 'src/alerts'],
  // dkm's command line stands above what keeps services running: its commands use all of it.
  // Accounts, tokens and the certificate of the console are its files; dkm's commands write them, and series as it does.
  'src/supervisor/commands': [
    ...BELOW_COMMANDS,
    'src/supervisor',
    'installer',
    'src/console/accounts',
    'src/console/tls',
    'src/console/access/audit.ts',
    'src/console/explorer',
    'src/console/page/units.ts',
  ],
  'src/supervisor/command-line': [...BELOW_COMMANDS, 'src/supervisor'],
  'src/supervisor/main.ts': [...BELOW_COMMANDS, 'src/supervisor'],
  'src/supervisor': ['src/base', 'src/contract', 'src/manifest', 'src/promises', 'src/monitor', 'src/notify', 'src/log-files'],
  // What the supervisor runs besides services. Definitions alone know manifests; the runner is handed what they say.
  'src/promises/definitions': ['src/base', 'src/contract', 'src/manifest', 'src/promises'],
  'src/promises': ['src/base', 'src/contract', 'src/monitor', 'src/whisper'],
  'src/monitor': ['src/base', 'src/contract'],
  'src/notify/definitions': ['src/base', 'src/contract', 'src/manifest', 'src/notify'],
  'src/notify': ['src/base', 'src/contract'],
  'src/whisper': ['src/base'],
  'src/retention': ['src/base', 'src/contract', 'src/manifest', 'src/whisper'],
  'src/change': ['src/base', 'src/contract', 'src/manifest', 'src/bundle', 'src/configuration', 'src/supervisor'],
  'src/backup': ['src/base', 'src/contract', 'src/manifest', 'src/bundle', 'src/configuration', 'src/supervisor', 'src/change', 'src/whisper', 'installer'],
  'src/diagnosis': [
    'src/base',
    'src/contract',
    'src/manifest',
    'src/bundle',
    'src/host',
    'src/configuration',
    'src/supervisor',
    'src/retention',
    'src/redaction',
  ],
  'src/dss': ['src/base', 'src/contract', 'src/manifest', 'src/promises', 'src/diagnosis'],
  // What is shown in a terminal: asked for, named and written as in the console.
  'src/terminal': [
    'src/base',
    'src/contract',
    'src/manifest',
    'src/promises/definitions/nearest.ts',
    'src/console/graphite/ask-graphite.ts',
    'src/console/explorer/nodes.ts',
    'src/console/page/units.ts',
  ],
  'src/boot': ['src/base', 'src/contract', 'src/manifest', 'src/supervisor'],
  'src/console': ['src/base', 'src/contract', 'src/monitor', 'src/promises', 'src/log-files', 'src/redaction'],
  installer: ['src/base', 'src/contract', 'src/manifest', 'src/bundle', 'src/host', 'src/configuration', 'src/supervisor', 'src/change'],
  'src/programs.ts': [],
  'src/main.ts': ['src/base', 'src/programs.ts', 'src/supervisor', 'src/console', 'src/boot', 'installer'],
  'make-package.ts': ['src/base', 'src/contract', 'src/manifest', 'src/sources', 'src/package'],
};

/** What only one file may use, and where. */
const KEPT = [
  { pattern: /^import (?!type)[^\n]*from 'pm2\//m, file: 'src/supervisor/pm2.ts', what: 'pm2' },
  { pattern: /import\('pm2\//, file: 'src/supervisor/pm2.ts', what: 'pm2' },
  { pattern: /'node:child_process'/, file: 'src/base/exec.ts', what: 'child processes' },
  { pattern: /from 'node-fetch'|import\('node-fetch'\)/, file: 'src/base/http.ts', what: 'downloads' },
];

const FILES = (await Promise.all(['src', 'installer'].map(async (folder) => (await listTree(join(ROOT, folder))).map((file) => `${folder}/${file}`))))
  .flat()
  .concat('make-package.ts')
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.startsWith('src/console/page/'));

const partOf = (file: string): string | undefined => Object.keys(MAY_IMPORT).find((part) => file === part || file.startsWith(`${part}/`));

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => relative(ROOT, resolve(ROOT, dirname(file), match[1]!)));
}

describe('imports', () => {
  it('has a rule for every file', () => {
    expect(FILES.filter((file) => partOf(file) === undefined)).toEqual([]);
  });

  it('point one way', () => {
    const wrong = FILES.flatMap((file) => {
      const part = partOf(file)!;
      const allowed = [part, ...MAY_IMPORT[part]!];
      return importsOf(file)
        .filter((target) => target.endsWith('.ts') && !allowed.some((other) => target === other || target.startsWith(`${other}/`)))
        .map((target) => `${file} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it.each(KEPT)('$what belong in $file alone', ({ pattern, file: home }) => {
    expect(FILES.filter((file) => file !== home && pattern.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([]);
  });
});
