import { describe, expect, it } from 'vitest';
import { misfitOf } from '../../../src/manifest/fit.ts';

const carbonapi = { title: 'carbonapi', requires: { python_modules: [], programs: [], providers: { store: ['go-carbon'] } } };

describe('a component that goes with one store alone', () => {
  it.each([
    ['its store', { store: 'go-carbon' }, undefined],
    ['another store', { store: 'carbon-cache' }, 'carbonapi goes with go-carbon as store, not with carbon-cache'],
    ['no store here', {}, undefined],
    ['other roles', { dashboards: 'grafana' }, undefined],
  ])('beside %s', (_, providers, reason) => {
    expect(misfitOf(carbonapi, providers)).toBe(reason);
  });
});
