import type { z } from '@hono/zod-openapi';
import type { DkmEnding } from '../actions/dkm-command.ts';

/** What a command printed with `--json`; undefined when it printed something else, as when it refused. */
export function printedJson<Schema extends z.ZodType>(ending: DkmEnding, schema: Schema): z.output<Schema> | undefined {
  if (ending.kind !== 'ended') return undefined;
  try {
    return schema.safeParse(JSON.parse(ending.stdout)).data;
  } catch {
    return undefined;
  }
}
