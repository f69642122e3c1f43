import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { AddressInfo } from 'node:net';
import { beforeRemoval } from '../../helpers/temporary.ts';

/** A mail as it came. */
export interface Mail {
  from: string;
  to: string[];
  raw: string;
  parsed: Email;
  isEncrypted: boolean;
  user: string | undefined;
}

/** A real SMTP server on loopback that keeps what it takes. */
export class MailServer {
  readonly mails: Mail[] = [];
  #server: SMTPServer | undefined;
  #port = 0;
  readonly #options: SMTPServerOptions;

  constructor(options: SMTPServerOptions = {}) {
    this.#options = options;
    beforeRemoval(() => this.away());
  }

  async here(): Promise<this> {
    this.#server = new SMTPServer({
      logger: false,
      disabledCommands: this.#options.onAuth ? [] : ['AUTH'],
      ...this.#options,
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const raw = Buffer.concat(chunks).toString('utf8');
          void PostalMime.parse(raw).then((parsed) => {
            const { mailFrom, rcptTo } = session.envelope;
            const from = mailFrom === false ? '' : mailFrom.address;
            this.mails.push({
              from,
              to: rcptTo.map(({ address }) => address),
              raw,
              parsed,
              isEncrypted: session.secure,
              user: session.user as string | undefined,
            });
            done();
          });
        });
      },
    });
    this.#server.on('error', () => undefined); // a client that went away
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.listen(this.#port, '127.0.0.1', resolve);
    await promise;
    this.#port = (this.#server.server.address() as AddressInfo).port;
    return this;
  }

  async away(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    await promise;
  }

  get port(): number {
    return this.#port;
  }
}
