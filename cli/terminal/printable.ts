/**
 * Text from a client, a server, a file or another program may contain characters that a terminal obeys: they could
 * forge lines, or write to the clipboard. These functions make them visible, as `\u001b`.
 */

/** Controls (C0, DEL and C1), line separators, and what changes the direction of text. */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
/** A sequence that only sets colours. */
const colours = /\u001b\[[\d;]*m/g;

const escapeCharacter = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Escapes what a terminal would obey in a text of one line; a line break, too, is escaped. */
export const escapeControls = (text: string): string => text.replace(unsafe, escapeCharacter);

/** Escapes what a terminal would obey in a text of several lines, and removes colours. */
export const printable = (text: string): string => keepLines(text.replace(colours, ''));

/** Escapes what a terminal would obey in a text of several lines, except for colours. */
export const printableStyled = (text: string): string => outsideColours(text, keepLines);

/** Like `printableStyled`, for one line. */
export const printableLine = (text: string): string => outsideColours(text, escapeControls);

const keepLines = (text: string): string =>
  text.replace(unsafe, (character) =>
    character === '\n' || character === '\t' ? character : escapeCharacter(character),
  );

function outsideColours(text: string, escape: (part: string) => string): string {
  const styles = text.match(colours) ?? [];
  return text
    .split(colours)
    .map((part, index) => escape(part) + (styles[index] ?? ''))
    .join('');
}
