import { chromium, type Browser } from 'playwright-core';
import { isReadable } from '../../src/base/files.ts';

const CHROMIUM = process.env.DKM_CHROMIUM ?? '/usr/bin/chromium';

/** Why there is no browser here, and what would bring one; empty where there is one. */
export const withoutChromium = (await isReadable(CHROMIUM))
  ? ''
  : `${CHROMIUM} is not there; install it with "apt-get install chromium", or name another in DKM_CHROMIUM`;

/** Starts the browser, with nothing of it that goes to the network by itself. */
export function launchChromium(...more: string[]): Promise<Browser> {
  const quiet = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({ executablePath: CHROMIUM, args: [...more, '--no-sandbox', '--disable-gpu', ...quiet] });
}
