import { visible } from '../protocol/diagnostic.ts';

interface Page {
  /** Of the webview: where its resources come from. */
  readonly cspSource: string;
  readonly script: string;
  readonly style: string;
  /** Fresh for each page: only the one script that carries it runs. */
  readonly nonce: string;
  readonly title: string;
  /** What it is, for screen readers: "Run dashboard". */
  readonly label: string;
}

/**
 * A page of ours: one script, one style sheet, nothing inline, no network.
 * The toolkit makes style elements of its own; it reads the nonce from `csp-nonce` (design §14).
 */
export const pageHtml = ({ cspSource, script, style, nonce, title, label }: Page): string => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-${nonce}'; style-src ${cspSource} 'nonce-${nonce}'; img-src ${cspSource}; font-src ${cspSource};">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="${escaped(style)}">
</head>
<body>
<main id="page" aria-label="${escaped(label)}"></main>
<script type="module" nonce="${nonce}" src="${escaped(script)}"></script>
</body>
</html>
`;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => visible(text).replace(/[&<>"']/g, (c) => entities[c]!);
