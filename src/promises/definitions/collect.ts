import { basename, isAbsolute, join } from 'node:path';
import { byCodeUnits } from '../../base/files.ts';
import { isPromiseId, type PromiseSpec } from '../../contract/promise.ts';
import { compileAll } from './compile.ts';
import type { Defined, Definition, Fault } from './definition.ts';
import { folderDefinitions, type Folder } from './folder.ts';
import { EVERY_MINUTE, readFrequency } from './frequency.ts';
import { meantInWords } from './nearest.ts';
import { parsePromiseSettings, type PromiseSettings, type SlaposPartition } from './overrides.ts';
import { shippedDefinitions, type Shipping } from './shipped.ts';

/** Everything that promises are made of, as text. */
export interface PromiseSources extends Shipping {
  folder: Folder;
  /** conf/promises.toml, where there is one, and its path relative to the installed directory. */
  promiseSettings: { text: string | undefined; file: string };
}

/** Every promise of an installation, by id, and every fault in what defines them. Pure. */
export function collectPromises(sources: PromiseSources): { promises: PromiseSpec[]; faults: Fault[] } {
  const { file } = sources.promiseSettings;
  const settings = withKnownDefaults(parsePromiseSettings(sources.promiseSettings.text, file), file);
  const shipped = shippedDefinitions(sources);
  const own = folderDefinitions(sources.folder);
  const partitions = partitionDefinitions(settings.partitions, sources.layout.root, file);
  const { definitions, faults: clashes } = unique([...shipped.definitions, ...own.definitions, ...partitions.definitions]);
  const ids = definitions.map(({ id }) => id);
  const { promises, faults } = compileAll(definitions, { ...settings, file });
  return {
    promises: promises.sort((a, b) => byCodeUnits(a.id, b.id)),
    faults: [...settings.faults, ...shipped.faults, ...own.faults, ...partitions.faults, ...clashes, ...unknownIds(settings, ids, file), ...faults],
  };
}

/** A faulty default is told once, not with every promise. */
function withKnownDefaults(settings: PromiseSettings, file: string): PromiseSettings {
  const { frequency, ...rest } = settings.defaults;
  const read = frequency === undefined ? undefined : readFrequency(frequency);
  if (read === undefined || !('fault' in read)) return settings;
  return { ...settings, defaults: rest, faults: [...settings.faults, { file, message: `defaults.frequency: ${read.fault}` }] };
}

function unique(definitions: readonly Definition[]): Defined {
  const first = new Map<string, Definition>();
  const faults: Fault[] = [];
  for (const definition of definitions) {
    const other = first.get(definition.id);
    if (other === undefined) first.set(definition.id, definition);
    else faults.push({ file: definition.file, message: `there is a promise "${definition.id}" already, in ${other.file}; this one is left out` });
  }
  return { definitions: [...first.values()], faults };
}

function unknownIds({ overrides }: PromiseSettings, ids: readonly string[], file: string): Fault[] {
  return [...overrides.keys()]
    .filter((id) => !ids.includes(id))
    .map((id) => ({ file, message: `promises."${id}": there is no such promise here.${meantInWords(id, ids) || ' "dkm promise list" shows what there is.'}` }));
}

/** Programs of a partition take as long as all its promises together. */
const PARTITION_TIMEOUT_S = 300;

function partitionDefinitions(partitions: readonly SlaposPartition[], root: string, file: string): Defined {
  const found: Defined = { definitions: [], faults: [] };
  for (const partition of partitions) {
    const id = partition.id ?? `slapos-${basename(partition.partition)}`;
    const paths = [partition.program, partition.configuration, partition.partition];
    if (paths.some((path) => path.includes('\0')) || !isPromiseId(id)) found.faults.push({ file, message: `slapos: "${id}" cannot be the id of a promise` });
    else found.definitions.push(partitionDefinition(partition, id, root, file));
  }
  return found;
}

function partitionDefinition(partition: SlaposPartition, id: string, root: string, file: string): Definition {
  const absolute = (path: string): string => (isAbsolute(path) ? path : join(root, path));
  return {
    id,
    title: partition.title ?? `Promises of ${partition.partition}`,
    origin: file,
    file,
    enabled: true,
    severity: partition.severity,
    frequency: partition.frequency,
    timeoutS: partition.timeout_s,
    // What is due of them, it knows itself.
    usualFrequency: EVERY_MINUTE,
    usualTimeoutS: PARTITION_TIMEOUT_S,
    check: {
      kind: 'slapos',
      program: absolute(partition.program),
      configuration: absolute(partition.configuration),
      partition: absolute(partition.partition),
    },
    publicPaths: [],
    privatePaths: [],
  };
}
