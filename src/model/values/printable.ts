/** What may be shown to people. Text from the store, from other hosts or from the engine may be anybody's. */

/**
 * Control characters (a terminal obeys them), format characters (U+202E turns a line round), line and paragraph
 * separators (they forge a second line) and halves of surrogate pairs.
 */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const EACH_HOSTILE = new RegExp(HOSTILE.source, 'gu');

/** The two of them that words of some languages, and pictures of several people, are spelt with. */
const JOINERS = /[\u200c\u200d]/g;

/** True for text of 1 to `most` UTF-16 units that does nothing but stand there. */
export const isPrintable = (text: string, most: number): boolean =>
  text.length > 0 && text.length <= most && !HOSTILE.test(text.replace(JOINERS, ''));

/** The same for text of several lines, which may be empty. */
export const isPlainText = (text: string, most: number): boolean =>
  text.length <= most && !HOSTILE.test(text.replace(JOINERS, '').replace(/[\t\r\n]/g, ''));

/**
 * The text with all that is not simply shown written as `\uXXXX`: one line, safe on any terminal. JSON stays the JSON
 * that it was.
 */
export const shown = (text: string): string =>
  text.replace(EACH_HOSTILE, (hostile) =>
    [...Array(hostile.length).keys()].map((i) => `\\u${hostile.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );

/** At most `most` characters of it, for sentences that would else be as long as somebody likes. */
export const clipped = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most)}…`);
