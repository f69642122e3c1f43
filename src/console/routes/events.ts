import { Hono } from 'hono';
import { onlyFor } from '../access/access.ts';
import type { ConsoleEnv, ConsoleParts } from '../console-parts.ts';
import { failure } from '../failure.ts';
import { createLive } from '../live/live.ts';
import { streamEvents } from '../live/stream.ts';

/** `/events`: one stream per open page, which tells that there is something new to see. */
export function eventRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  const live = createLive(parts.layout, parts.log);
  const app = new Hono<ConsoleEnv>();
  app.get('/events', onlyFor(parts, 'reader'), (context) => {
    // Asked first, as a stream that has begun cannot be refused any more. What comes meanwhile is kept.
    const early: (() => void)[] = [];
    let deliver: ((data: string, id: string) => void) | undefined;
    const stop = live.listen((news) => {
      const data = JSON.stringify(news);
      if (deliver === undefined) early.push(() => deliver?.(data, news.revision));
      else deliver(data, news.revision);
    });
    if (stop === undefined) return failure(context, 503, 'busy', 'Too many pages are open. Close some of them.');
    return streamEvents(parts, context, ({ send }) => {
      deliver = (data, id) => send({ event: 'revision', id, data });
      for (const each of early.splice(0)) each();
      return stop;
    });
  });
  return app;
}
