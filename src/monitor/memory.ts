import { isListOf, isOneOf, isRecordOf, isRecordWith, isText } from '../base/shape.ts';

/** A promise whose files are in the tree. */
export interface Known {
  /** What the second generation calls it. */
  title: string;
  /** What people call it. */
  label: string;
  /** The SlapOS partition that it is one of the promises of. */
  partition?: string;
}

/** storage/monitor/.dkm.json: whose files dkm put into the tree, so that those of others stay. */
export interface Memory {
  schema: 1;
  promises: Record<string, Known>;
  links: string[];
}

const isMemory = isRecordWith({
  schema: isOneOf(1),
  promises: isRecordOf(isRecordWith({ title: isText, label: isText }, { partition: isText })),
  links: isListOf(isText),
});

/** Reads its text; empty when it is missing or broken. */
export function parseMemory(text: string): Memory {
  try {
    const value: unknown = JSON.parse(text);
    if (isMemory(value)) return value as Memory;
  } catch {
    // A tree that is not remembered is written anew; what is stale in it stays.
  }
  return { schema: 1, promises: {}, links: [] };
}
