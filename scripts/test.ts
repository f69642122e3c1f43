import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runInForeground } from '../src/base/exec.ts';
import { readIfPresent } from '../src/base/files.ts';
import { say } from '../src/base/terminal.ts';

/*
 * Everything CI runs: types, lint, format, then every test. Its last line is `N passed, N failed, N skipped` from the
 * test runner's own report; it fails when a check or a test failed and when no test ran.
 *   node scripts/test.ts [--quick] [vitest's arguments]
 */

const ROOT = join(import.meta.dirname, '..');
const REPORT = join(ROOT, 'build', 'test-report.json');

const NOTHING_RAN = '{"numPassedTests":0,"numFailedTests":0,"numPendingTests":0,"numTodoTests":0,"testResults":[]}';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: unknown[] }[];
}

const bin = (name: string): string => join(ROOT, 'node_modules', '.bin', name);
const [quick, rest] = process.argv[2] === '--quick' ? [true, process.argv.slice(3)] : [false, process.argv.slice(2)];

const checks: [title: string, command: string, ...args: string[]][] = [
  ['types', bin('tsc'), '--project', '.'],
  ['types of the page', bin('tsc'), '--project', 'src/console/page'],
  ['lint', bin('eslint'), '.'],
  ['format', bin('prettier'), '--check', '--log-level', 'warn', '.'],
];

let failedChecks = 0;
for (const [title, command, ...args] of checks) {
  const exitCode = await runInForeground(command, args, { cwd: ROOT });
  say(`${title}: ${exitCode === 0 ? 'fine' : `failed (exit code ${exitCode})`}`);
  if (exitCode !== 0) failedChecks += 1;
}

rmSync(REPORT, { force: true });
// The import rules are quick and belong to the gate.
const projects = quick ? ['--project', 'unit', '--project', 'golden', '--project', 'contract'] : [];
const runner = await runInForeground(bin('vitest'), ['run', ...projects, '--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`, ...rest], {
  cwd: ROOT,
});
// A runner that did not even begin leaves no report.
const report = JSON.parse((await readIfPresent(REPORT)) ?? NOTHING_RAN) as Report;
const failedFiles = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
const skipped = report.numPendingTests + report.numTodoTests;
const counted = report.numFailedTests + failedFiles + failedChecks;
const failed = counted === 0 && (runner !== 0 || report.numPassedTests === 0) ? 1 : counted;

process.exitCode = failed > 0 ? 1 : 0;
say(`${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
