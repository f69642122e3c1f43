import { messageOf } from '../base/errors.ts';
import { within } from './bounded.ts';
import { LEVELS, problem, type Check, type Finding } from './finding.ts';
import type { Scene } from './scene.ts';

const CHECK_TIMEOUT_MS = 10_000;

/** Makes every check, all at the same time, and returns what they found, the worst first. A check that fails is a finding itself. */
export async function examine(scene: Scene, checks: readonly Check[]): Promise<Finding[]> {
  const found = await Promise.all(checks.map((check) => findingsOf(check, scene)));
  return found.flat().sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
}

async function findingsOf({ name, timeoutMs = CHECK_TIMEOUT_MS, look }: Check, scene: Scene): Promise<Finding[]> {
  try {
    const found = await within(timeoutMs, 'It', (signal) => look(scene, signal));
    return found.map((finding) => ({ check: name, ...finding }));
  } catch (error) {
    const failed = problem(`The check "${name}" could not be made: ${messageOf(error)}`, scene.layout.root, 'Make a support archive: dkm support');
    return [{ check: name, ...failed }];
  }
}
