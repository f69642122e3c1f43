import type { Context } from 'hono';
import type { ErrorAnswer } from './answers.ts';
import { escapeHtml } from './page-files.ts';

export type FailureStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 422 | 429 | 500 | 502 | 503 | 504;

/** A failure as JSON below /api, as a small page elsewhere. */
export function failure(context: Context, status: FailureStatus, code: string, message: string): Response {
  const answer: ErrorAnswer = { error: { code, message } };
  return context.req.path.startsWith('/api/') ? context.json(answer, status) : context.html(errorPage(status, message), status);
}

function errorPage(status: number, message: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${status}</title><meta name="viewport" content="width=device-width"><link rel="icon" href="/favicon.svg"><link rel="stylesheet" href="/style.css"></head><body class="single"><main class="card"><h1>${escapeHtml(message)}</h1><p><a href="/">To the console</a></p></main></body></html>`;
}
