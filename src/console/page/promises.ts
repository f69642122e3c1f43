import { renew } from './live.ts';

/* The list of promises: what is typed into the search narrows it at once. */

const WAIT_MS = 200;
let timer: number | undefined;

function narrow(form: HTMLFormElement): void {
  const search = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === 'string' && value !== '' && value !== 'all') search.set(name, value);
  // The address has it, so that a link to it, a reload and the next renewal show the same.
  history.replaceState(null, '', `${location.pathname}${search.size > 0 ? `?${search.toString()}` : ''}`);
  void renew();
}

const form = document.querySelector<HTMLFormElement>('form[data-filter]');
form?.addEventListener('input', () => {
  clearTimeout(timer);
  timer = window.setTimeout(() => narrow(form), WAIT_MS);
});
form?.addEventListener('submit', (event) => {
  event.preventDefault();
  narrow(form);
});
form?.querySelector('button')?.setAttribute('hidden', '');
