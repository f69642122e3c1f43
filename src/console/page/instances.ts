import { renew } from './live.ts';

/* While an instance is being asked for the first time, what came of it is shown soon; later, with the page's own renewals. */

const SOON_MS = 1500;

setInterval(() => !document.hidden && document.querySelector('#instances tr.busy') !== null && void renew(), SOON_MS);
