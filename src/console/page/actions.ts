import { announce, renew } from './live.ts';
import { byId, make } from './elements.ts';

/*
 * Forms that act (`data-act`): sent without leaving the page. Without script they are ordinary forms, answered with the
 * page they came from and a notice on it.
 */

/** What the console answers to a form that a script sent (src/console/actions/notices.ts). */
interface Acted {
  ok: boolean;
  message: string;
}

/** Sends the forms of this page from now on, those that come later too. */
export function takeForms(): void {
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !('act' in form.dataset) || event.defaultPrevented) return;
    event.preventDefault();
    const button = event.submitter instanceof HTMLButtonElement ? event.submitter : form.querySelector('button');
    const question = button?.dataset['ask'];
    if (question !== undefined && !window.confirm(question)) return;
    void send(form, button);
  });
}

async function send(form: HTMLFormElement, button: HTMLButtonElement | null): Promise<void> {
  if (form.dataset['busy'] !== undefined) return;
  form.dataset['busy'] = '';
  const data = new FormData(form, button);
  data.set('confirmed', 'yes'); // the question was asked above
  const acted = await post(
    button?.hasAttribute('formaction') ? button.formAction : form.action,
    new URLSearchParams([...data].map(([name, value]) => [name, typeof value === 'string' ? value : ''])),
  );
  delete form.dataset['busy'];
  showResult(acted);
  form.closest('details')?.removeAttribute('open');
  await renew();
}

async function post(address: string, body: URLSearchParams): Promise<Acted> {
  try {
    const response = await fetch(address, { method: 'POST', body, headers: { accept: 'application/json' } });
    if (response.status === 401) location.assign('/login');
    const answer = (await response.json()) as Partial<Acted> & { error?: { message: string } };
    return { ok: answer.ok ?? false, message: answer.message ?? answer.error?.message ?? `The console answered with status ${response.status}.` };
  } catch {
    return { ok: false, message: 'The console did not answer; whether it was done is not known.' };
  }
}

function showResult({ ok, message }: Acted): void {
  const notice = make('p', { class: `notice ${ok ? 'good' : 'bad'}` }, message);
  byId('notices').replaceChildren(notice);
  if (notice.getBoundingClientRect().top < 0) notice.scrollIntoView({ block: 'center' });
  announce(message);
}
