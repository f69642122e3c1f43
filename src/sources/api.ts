import { builtInSource } from './built-in/index.ts';
import { debSource } from './deb/index.ts';
import { goModuleSource } from './go-module/index.ts';
import { httpSource } from './http/index.ts';
import { localSource } from './local/index.ts';
import { npmSource } from './npm/index.ts';
import { pypiSource } from './pypi/index.ts';
import type { Kind, Source, SpecFor } from './source.ts';

export type * from './source.ts';

/** Every kind of source; a test holds this list against the folders beside this file. */
export const SOURCES: { [K in Kind]: Source<K> } = {
  http: httpSource,
  'go-module': goModuleSource,
  npm: npmSource,
  pypi: pypiSource,
  deb: debSource,
  'built-in': builtInSource,
  local: localSource,
};

/** The source of a spec's kind. */
export function sourceOf<K extends Kind>(spec: SpecFor<K>): Source<K> {
  return SOURCES[spec.kind];
}
