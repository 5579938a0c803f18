import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageHtml } from '../../../src/views/pageHtml.ts';

const page = (title: string): string => pageHtml({ cspSource: 'https://files.test', script: 'https://files.test/dashboard.js', style: 'https://files.test/dashboard.css', nonce: 'n0nce', title, label: 'Run dashboard' });

test('nothing runs in the page but the script that carries the nonce', () => {
  const html = page('flowers'), [, policy = ''] = /Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
  assert.match(policy, /^default-src 'none';/);
  assert.match(policy, /script-src 'nonce-n0nce';/);
  assert.doesNotMatch(policy, /unsafe|\*|connect-src/);
  assert.equal(html.match(/<script/g)?.length, 1);
  assert.doesNotMatch(html, /<style|style=|\son\w+=/);
});

test('a hostile title is text', () => {
  const html = page('<img src=x onerror="alert(1)">\u202e\n');
  assert.match(html, /<title>&lt;img src=x onerror=&quot;alert\(1\)&quot;&gt;\\u202e\\n<\/title>/);
  assert.doesNotMatch(html, /<img/);
});
