import { readFileSync } from 'node:fs';
import sea from '@yao-pkg/pkg/lib-es5/sea.js';

/*
 * Runs pkg in a process of its own: pkg changes its working directory, and must be run by a Node of the executable's
 * own version (the format of what is put into it differs between versions). Called by `executable.ts` with the
 * file that holds the request.
 */

interface Request {
  entry: string;
  platform: string;
  nodeVersion: string;
  output: string;
  seaConfig: Record<string, unknown>;
}

const request = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Request;
const [system = '', arch = ''] = request.platform.split('-');
const target = { nodeRange: `node${request.nodeVersion}`, platform: system === 'darwin' ? 'macos' : system, arch, output: request.output };

// pkg's command line takes the same path, without a way to hand it settings of the executable. It would sign with
// programs that only macOS has; `macho-signature.ts` does that anywhere.
const build = (sea as unknown as { default: (entry: string, options: unknown) => Promise<void> }).default;
await build(request.entry, { targets: [target], signature: false, seaConfig: request.seaConfig });
