import { DkmError, EXIT } from '../../base/errors.ts';
import type { Layout } from '../../base/layout.ts';
import { say } from '../../base/terminal.ts';
import { readSettings } from '../../contract/settings.ts';
import { capabilitiesOf } from '../../terminal/capabilities.ts';
import { queryService } from '../../terminal/own-query.ts';
import { pause } from '../../terminal/pause.ts';
import { openScreen, type Screen } from '../../terminal/screen.ts';
import { HostMemory, isSilent, lookAtHosts, sortHosts, type HostFigures } from '../../terminal/top/hosts.ts';
import { scrollOf, topFrame, type TopPicture, type TopView } from '../../terminal/top/frame.ts';
import { TOP_SORTS, type TopCommandOptions, type TopSort } from '../../terminal/top/sorts.ts';
import { servicesAndPromises } from './status.ts';

/** Shorter than the time between two looks, as a rule; a query service that hangs is said, not waited for. */
const TIMEOUT_MS = 10_000;

/** `dkm top`: hosts, services and broken promises, live, or once. */
export async function top(layout: Layout, options: TopCommandOptions): Promise<number> {
  const looker = await lookerOf(layout, options.prefix);
  if (options.json === true) return sayJson(await looker(), options);
  if (options.once === true || !process.stdin.isTTY || !process.stdout.isTTY) return sayOnce(await looker(), options);
  return live(looker, options);
}

type Look = () => Promise<TopPicture>;

/** Looks at everything. What hosts the query service told of last is kept for when it tells nothing. */
async function lookerOf(layout: Layout, prefix: string): Promise<Look> {
  const settings = await readSettings(layout.settings);
  const service = queryService(settings, layout, { timeoutMs: TIMEOUT_MS });
  const memory = new HostMemory();
  let hosts: readonly HostFigures[] = [];
  let lookedMs = 0;
  return async () => {
    const nowMs = Date.now();
    const { isWatched, services, warnings, broken } = await servicesAndPromises(layout);
    let fault: string | undefined;
    try {
      hosts = await lookAtHosts(service, prefix, nowMs, memory);
    } catch (error) {
      if (!(error instanceof DkmError)) throw error;
      fault = error.hint === undefined || hosts.length > 0 ? error.message : `${error.message} ${error.hint}`;
      // They get older while nobody tells.
      const sinceS = (nowMs - lookedMs) / 1000;
      hosts = hosts.map((host) => ({ ...host, ageSeconds: host.ageSeconds === null ? null : host.ageSeconds + sinceS }));
    }
    lookedMs = nowMs;
    return { host: settings.install.hostname, nowMs, isWatched, services, warnings, broken, hosts, fault };
  };
}

function viewOf({ sort }: Pick<TopCommandOptions, 'sort'>): TopView {
  const { width, colour, glyphs } = capabilitiesOf(process.stdout, process.env);
  return { width, height: undefined, colour, glyphs, sort, isReversed: false, scrolled: 0, isHelp: false, everyS: undefined };
}

function sayOnce(picture: TopPicture, options: TopCommandOptions): number {
  for (const line of topFrame(picture, viewOf(options))) say(line);
  return picture.fault === undefined ? EXIT.fine : EXIT.failed;
}

function sayJson({ host, nowMs, isWatched, services, warnings, broken, hosts, fault }: TopPicture, { sort }: TopCommandOptions): number {
  const shown = {
    schema: 1,
    host,
    time: Math.floor(nowMs / 1000),
    supervisor: isWatched,
    services: services.map(({ name, role, state, health, reason, restarts, uptimeSeconds, memoryBytes }) => ({
      name,
      role,
      state,
      health,
      reason,
      restarts,
      uptimeSeconds,
      memoryBytes,
    })),
    warnings,
    brokenPromises: broken.map(({ id, severity, message, sinceMs }) => ({ id, severity, message, sinceMs })),
    hosts: sortHosts(hosts, sort).map((each) => ({
      ...each,
      ageSeconds: each.ageSeconds === null ? null : Math.round(each.ageSeconds),
      silent: isSilent(each),
    })),
    fault: fault ?? null,
  };
  say(JSON.stringify(shown, null, 1));
  return fault === undefined ? EXIT.fine : EXIT.failed;
}

const INTERVALS_S = [1, 2, 5, 10, 30, 60, 300, 3600];

/** On a terminal, until somebody has seen enough. */
async function live(look: Look, options: TopCommandOptions): Promise<number> {
  const first = await look(); // what fails here is said on the terminal as it was
  const state: { picture: TopPicture; view: TopView } = { picture: first, view: { ...viewOf(options), everyS: options.every } };
  let lookNow: () => void = () => undefined;
  const screen = openScreen(process.stdin, process.stdout, {
    onKey: (key) => {
      if (key === 'q' || (key === 'escape' && !state.view.isHelp)) return screen.end(EXIT.fine);
      const before = state.view.everyS;
      state.view = afterKey(key, state.view, state.picture);
      if (key === ' ' || state.view.everyS !== before) lookNow();
      show(screen, state);
    },
    onResize: () => show(screen, state),
  });
  let code: number | undefined;
  void screen.ended.then((ended) => {
    code = ended;
    lookNow();
  });
  try {
    while (code === undefined) {
      show(screen, state);
      await pause((state.view.everyS ?? options.every) * 1000, (stop) => (lookNow = stop));
      if (code === undefined) state.picture = await Promise.race([look(), screen.ended.then(() => state.picture)]);
    }
  } finally {
    screen.end(EXIT.failed);
  }
  return code;
}

function show(screen: Screen, state: { picture: TopPicture; view: TopView }): void {
  const view = { ...state.view, ...screen.size() };
  view.scrolled = Math.min(view.scrolled, scrollOf(state.picture, view).most);
  state.view = view;
  screen.show(topFrame(state.picture, view));
}

/** What is shown after a key. Pure. */
export function afterKey(key: string, view: TopView, picture: TopPicture): TopView {
  const { page, most } = scrollOf(picture, view);
  const scrolledTo = (to: number): TopView => ({ ...view, scrolled: Math.max(0, Math.min(most, to)) });
  switch (key) {
    case 'h':
    case '?':
      return { ...view, isHelp: !view.isHelp };
    case 'escape':
    case 'enter':
      return { ...view, isHelp: false };
    case 'up':
    case 'k':
      return scrolledTo(view.scrolled - 1);
    case 'down':
    case 'j':
      return scrolledTo(view.scrolled + 1);
    case 'page-up':
      return scrolledTo(view.scrolled - page);
    case 'page-down':
      return scrolledTo(view.scrolled + page);
    case 'home':
      return scrolledTo(0);
    case 'end':
      return scrolledTo(most);
    case 's':
    case 'right':
      return { ...view, sort: besides(view.sort, 1), scrolled: 0 };
    case 'left':
      return { ...view, sort: besides(view.sort, -1), scrolled: 0 };
    case 'r':
      return { ...view, isReversed: !view.isReversed, scrolled: 0 };
    case '+':
      return { ...view, everyS: INTERVALS_S.findLast((each) => each < (view.everyS ?? 0)) ?? INTERVALS_S[0] };
    case '-':
      return { ...view, everyS: INTERVALS_S.find((each) => each > (view.everyS ?? 0)) ?? INTERVALS_S.at(-1) };
    default:
      return view;
  }
}

function besides(sort: TopSort, step: number): TopSort {
  return TOP_SORTS[(TOP_SORTS.indexOf(sort) + step + TOP_SORTS.length) % TOP_SORTS.length] ?? 'worst';
}
