import { linkFaults } from '../links.ts';
import { problem, type Check } from '../finding.ts';

/** The links that commands and services go through. What they lead to is for `dkm verify`, which reads every file. */
export const installedLinks: Check = {
  name: 'links',
  look: ({ layout, components }) =>
    linkFaults(layout, components).map((fault) =>
      problem(fault, layout.root, `Run the bundle's installer on this directory again: ./installer -d ${layout.root}`),
    ),
};
