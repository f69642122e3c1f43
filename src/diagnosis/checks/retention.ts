import { unappliedRetention } from '../../retention/unapplied.ts';
import { DkmError } from '../../base/errors.ts';
import { problem, warning, type Check, type Found } from '../finding.ts';

const LOOK_MS = 2_000;

/** Retentions that were changed, and that the metrics which are there do not follow yet. */
export const retention: Check = {
  name: 'retention',
  async look({ layout, settings }) {
    if (settings === undefined) return [];
    const unapplied = await unappliedRetention(layout, { withinMs: LOOK_MS, settings }).catch(rulesFault);
    if (Array.isArray(unapplied)) return unapplied;
    if (unapplied === undefined || unapplied.message === '') return [];
    const next = unapplied.differing > 0 ? 'See what it would do: dkm retention plan' : 'End it: dkm retention apply';
    return [warning(sentence(unapplied.message), layout.storage, next)];
  },
};

/** Rules that cannot be read are a finding; that the store's own configuration cannot is that of another check. */
function rulesFault(error: unknown): Found[] {
  if (!(error instanceof DkmError) || error.code !== 'file-invalid') throw error;
  if (!/storage-(schemas|aggregation)\.conf/.test(error.message)) return [];
  return [problem(error.message, 'conf/whisper', error.hint ?? 'Mend it; what you edited: dkm config diff')];
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
