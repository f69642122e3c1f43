import { expect, it } from 'vitest';
import { fileKindOf } from '../../../src/base/magic.ts';

it.each<[string, string | undefined]>([
  ['<!DOCTYPE html>', 'html'],
  ['\n  <HTML lang="en">', 'html'],
  ['\uFEFF<html>', 'html'],
  ['<?xml version="1.0"?>\n<html>', 'html'],
  ['<!-- note --><head>', 'html'],
  ['<!-- a note that goes on', undefined],
  ['<htmlish>', undefined],
  ['<svg>', undefined],
  ['abc  file.tar.gz', undefined],
  ['#!/bin/sh', 'script'],
  ['!<arch>\ndebian-binary   ', 'deb'],
  ['!<arch>\nother', undefined],
  ['', undefined],
])('%j is %s', (text, kind) => {
  expect(fileKindOf(Buffer.from(text))).toBe(kind);
});
