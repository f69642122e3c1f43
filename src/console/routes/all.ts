import type { Hono } from 'hono';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';

/** Every group of routes, each in a file of its own; a path is claimed by one of them. */
export const ROUTES: readonly ((parts: ConsoleParts) => Hono<ConsoleEnv>)[] = [];
