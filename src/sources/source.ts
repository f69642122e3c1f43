import type { HttpOptions } from '../base/http.ts';
import type { Platform } from '../base/platform.ts';
import type { VerificationLevel } from '../contract/verification.ts';
import type { ArchiveKind, Manifest, SourceSpec } from '../manifest/schema.ts';
import type { VendorStore } from './vendor-store.ts';

/*
 * What a kind of source is: the interface that every folder beside this file keeps.
 */

/** What `--with NAME=PATH` stands for; no manifest has it. */
export interface LocalSpec {
  kind: 'local';
  /** An archive, a folder or a single program. */
  path: string;
}

/** A `[[sources]]` table of a manifest, or what took its place. */
export type AnySpec = SourceSpec | LocalSpec;
export type Kind = AnySpec['kind'];
export type SpecFor<K extends Kind> = Extract<AnySpec, { kind: K }>;

/** A verified file on this machine, as its publisher made it. */
export interface Artifact {
  /** Its name as the publisher calls it; unique within a component. */
  file: string;
  /** Where it lies: in the vendor directory, or where the user has it (`local`). */
  path: string;
  sha256: string;
  /** bytes */
  size: number;
  archive: ArchiveKind;
  /** Folder of the component it is unpacked into; the component's own when empty. */
  into: string;
  /** Where it came from, for people and bundle.json. */
  origin: string;
  verified: VerificationLevel;
  /** For a Python source distribution: what is taken of it, from → to. */
  pick?: Record<string, string>;
  /** SPDX expression, where it differs from its component's. */
  licence?: string;
}

/** What a source needs to do its work. */
export interface FetchContext {
  component: Pick<Manifest, 'name' | 'version'>;
  platform: Platform;
  vendor: VendorStore;
  /** True: nothing but the vendor directory may be asked. */
  offline: boolean;
  /** Reports bytes as they come; `totalBytes` undefined while unknown. */
  onProgress: (file: string, doneBytes: number, totalBytes: number | undefined) => void;
  /** What the programs it runs print, and what is worth noting for build.log. */
  onOutput: (text: string) => void;
  signal: AbortSignal;
  /** Time-outs and waiting times of downloads, where the usual ones do not fit. */
  http?: Pick<HttpOptions, 'timeouts' | 'backoffBaseMs'>;
}

/** What a source that builds needs: everything it takes is in `artifacts`, the network is not used. */
export interface BuildContext extends FetchContext {
  artifacts: readonly Artifact[];
  /** An empty directory of its own for what it makes on the way. */
  scratch: string;
  /** Where the component is put together. */
  destination: string;
}

/** A kind of place that components come from. One folder each. */
export interface Source<K extends Kind> {
  kind: K;
  /** In a few words, what would be fetched from where; for messages. */
  describe(spec: SpecFor<K>, component: Pick<Manifest, 'name' | 'version'>, platform: Platform): string;
  /** The weakest level that what it fetches will have, known before anything is fetched. */
  level(spec: SpecFor<K>, platform: Platform): VerificationLevel;
  /**
   * Fetches and verifies. Throws `source-unavailable` or `download-failed` when it cannot be had (the next source is
   * tried), `verification-failed` when it is not what it should be (nothing else is tried). Offline, it takes what
   * the vendor directory holds, verified again by its digest.
   */
  fetch(spec: SpecFor<K>, context: FetchContext): Promise<Artifact[]>;
  /** For sources that are compiled: makes the component from what was fetched. Without it artifacts are unpacked. */
  build?(spec: SpecFor<K>, context: BuildContext): Promise<void>;
}
