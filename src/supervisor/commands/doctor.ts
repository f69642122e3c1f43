import { EXIT } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { coloured, say, type Colour } from '../../base/terminal.ts';
import { CHECKS } from '../../diagnosis/checks/all.ts';
import { examine } from '../../diagnosis/examine.ts';
import type { Finding, Level } from '../../diagnosis/finding.ts';
import { sceneOf } from '../../diagnosis/scene.ts';

/** `dkm doctor`: makes every check and tells what was found. 0: no problem, 1: problems. */
export async function doctor(layout: Layout, options: { json?: boolean }): Promise<number> {
  const findings = await examine(await sceneOf(layout), CHECKS);
  const isProblem = findings.some(({ level }) => level === 'problem');
  if (options.json) say(JSON.stringify({ schema: 1, ok: !isProblem, checks: CHECKS.map(({ name }) => name), findings }, null, 1));
  else for (const line of linesOf(findings)) say(line);
  return isProblem ? EXIT.failed : EXIT.fine;
}

const COLOURS: Record<Level, Colour> = { problem: 'red', warning: 'yellow', note: 'blue' };

function linesOf(findings: readonly Finding[]): string[] {
  const told = findings.flatMap(({ level, what, fix }) => [`${coloured(level.padEnd(7), COLOURS[level])}  ${indented(what)}`, `${' '.repeat(9)}${fix}`]);
  return [...told, ...(told.length === 0 ? [] : ['']), summaryOf(findings)];
}

const indented = (text: string): string => text.replaceAll('\n', `\n${' '.repeat(9)}`);

function summaryOf(findings: readonly Finding[]): string {
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  const parts = (['problem', 'warning', 'note'] as const).flatMap((level) =>
    count(level) === 0 ? [] : [`${count(level)} ${level}${count(level) === 1 ? '' : 's'}`],
  );
  const checks = `${CHECKS.length} checks were made`;
  return parts.length === 0 ? coloured(`${checks}: nothing is wrong.`, 'green') : `${checks}: ${parts.join(', ')}.`;
}
