import type { CookieJar } from './console-process.ts';

/** An event as a page receives it. */
export interface ReceivedEvent {
  event: string;
  data: string;
  id: string | undefined;
}

export interface EventsOfPage {
  /** The next event, or the next one of this name; fails when none comes in time. */
  next: (name?: string) => Promise<ReceivedEvent>;
  /** Settles when the server has ended the stream. */
  ended: Promise<void>;
  close: () => Promise<void>;
}

const NEXT_WITHIN_MS = 10_000;

/** Opens a stream of server-sent events; signs of life are passed over. */
export async function openEvents(jar: CookieJar, url: string): Promise<EventsOfPage> {
  const abort = new AbortController();
  const response = await jar.request(url, { signal: abort.signal, headers: { accept: 'text/event-stream' } });
  if (response.status !== 200 || response.body === null) throw new Error(`${url} answered ${response.status}`);
  const received: ReceivedEvent[] = [];
  let wake = (): void => undefined;
  const ended = readAll(response.body, (event) => {
    received.push(event);
    wake();
  });
  const next = async (name?: string): Promise<ReceivedEvent> => {
    const deadline = Date.now() + NEXT_WITHIN_MS;
    for (;;) {
      const event = received.shift();
      if (event !== undefined && (name === undefined || event.event === name)) return event;
      if (event !== undefined) continue;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no event ${name ?? ''} came within ${NEXT_WITHIN_MS} ms`);
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      const timer = setTimeout(resolve, left);
      await promise;
      clearTimeout(timer);
    }
  };
  return {
    next,
    ended,
    async close() {
      abort.abort();
      await ended;
    },
  };
}

async function readAll(body: ReadableStream<Uint8Array>, onEvent: (event: ReceivedEvent) => void): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = parse(block);
        if (event.event !== 'alive') onEvent(event);
      }
    }
  } catch {
    return; // closed by the test
  }
}

function parse(block: string): ReceivedEvent {
  const field = (name: string): string[] => block.split('\n').flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []));
  return { event: field('event')[0] ?? 'message', data: field('data').join('\n'), id: field('id')[0] };
}
