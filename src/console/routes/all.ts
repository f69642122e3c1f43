import type { Hono } from 'hono';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { apiRoutes } from './api.ts';
import { eventRoutes } from './events.ts';
import { dashboardRoutes } from './dashboards.ts';
import { instanceRoutes } from './instances.ts';
import { explorerRoutes } from './metrics-explorer.ts';
import { metricsRoutes } from './metrics.ts';
import { overviewRoutes } from './overview.ts';
import { promiseRoutes } from './promises.ts';
import { serviceRoutes } from './services.ts';
import { settingsRoutes } from './settings.ts';
import { slaposRoutes } from './slapos.ts';

/** Every group of routes, each in a file of its own; a path is claimed by one of them. */
export const ROUTES: readonly ((parts: ConsoleParts) => Hono<ConsoleEnv>)[] = [
  eventRoutes,
  overviewRoutes,
  promiseRoutes,
  serviceRoutes,
  settingsRoutes,
  explorerRoutes,
  dashboardRoutes,
  instanceRoutes,
  slaposRoutes,
  apiRoutes,
  metricsRoutes,
];
