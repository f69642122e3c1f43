import { takeForms } from './actions.ts';
import { keepAlive } from './live.ts';
import { keepTimes } from './times.ts';

/* Every page loads this: it keeps the page alive, its times true, and sends its forms without leaving it. */

// A notice is shown once: who loads the page again should not look for it.
const address = new URL(location.href);
if (address.searchParams.has('notice')) {
  address.searchParams.delete('notice');
  history.replaceState(null, '', address);
}
keepTimes();
takeForms();
keepAlive();
