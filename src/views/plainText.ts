import { visible } from '../protocol/diagnostic.ts';

/**
 * Text from outside (file names, titles, messages) for places where VS Code reads `$(icon)` and `[words](link)`:
 * notifications, quick picks, status bar. A zero-width space breaks both, so that a name is only ever a name.
 */
export const plain = (text: string): string => visible(text).replaceAll('$(', '$\u200b(').replaceAll('](', ']\u200b(');

/** The same for Markdown (hovers, tooltips). */
export const markdownText = (text: string): string => visible(text).replace(/[\\`*_{}[\]()#+\-.!|<>&~$]/g, '\\$&');
