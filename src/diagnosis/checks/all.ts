import type { Check } from '../finding.ts';
import { certificates } from './certificates.ts';
import { clockJump, clockKept } from './clock.ts';
import { componentChecks, generated, settings, syntax } from './configuration.ts';
import { carbonReachable, freshness, serverClock } from './data.ts';
import { forecast, growth, space } from './disk.ts';
import { installedLinks } from './links.ts';
import { coreDumps, logs } from './leftovers.ts';
import { limits, openFiles, processLimit } from './limits.ts';
import { carbonServer, cLibraryCheck, platform, programs, python, root, systemCollector } from './machine.ts';
import { permissions } from './permissions.ts';
import { exposure, ports } from './ports.ts';
import { retention } from './retention.ts';
import { states, unfinished } from './services.ts';

/** Every check of `dkm doctor`. */
export const CHECKS: readonly Check[] = [
  platform,
  cLibraryCheck,
  root,
  python,
  programs,
  systemCollector,
  carbonServer,
  installedLinks,
  settings,
  componentChecks,
  syntax,
  generated,
  states,
  unfinished,
  ports,
  exposure,
  freshness,
  carbonReachable,
  serverClock,
  clockJump,
  clockKept,
  limits,
  processLimit,
  openFiles,
  permissions,
  certificates,
  space,
  forecast,
  growth,
  retention,
  logs,
  coreDumps,
];
