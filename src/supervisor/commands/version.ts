import { EXIT } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { say, table } from '../../base/terminal.ts';
import { VERSION } from '../../base/version.ts';
import { readBundle, verifiedInWords } from '../../contract/bundle.ts';

/** `dkm version`: dkm's own version, and of each component its version, licence, source and how it was verified. */
export async function version(layout: Layout, options: { json?: boolean }): Promise<number> {
  const bundle = await readBundle(layout.current);
  const components = bundle.components.map(({ name, version: of, licence, source, verified }) => ({ name, version: of, licence, source, verified }));
  if (options.json) {
    say(JSON.stringify({ schema: 1, dkm: VERSION, platform: bundle.platform, components }, null, 1));
    return EXIT.fine;
  }
  say(`dkm ${VERSION} (${bundle.platform})\n`);
  say(
    table([
      ['COMPONENT', 'VERSION', 'SOURCE', 'VERIFIED', 'LICENCE'],
      ...bundle.components.map((each) => [each.name, each.version, each.source, verifiedInWords(each), each.licence]),
    ]),
  );
  return EXIT.fine;
}
