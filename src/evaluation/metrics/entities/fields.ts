/**
 * Entities as named fields, `person: Ann; place: Oslo`, and as plain lists, `Ann; Oslo`.
 *
 * Fields stand on lines, between semicolons, or between commas where another name with a colon follows. A field has one
 * value, commas and all (`Oslo, Norway`); several stand in brackets, `person: [Ann, Bo]`, or the name comes again. In a list
 * the type of a value is its place, from 1; where no target has a semicolon or a second line, commas part it.
 * Nothing, `-`, `none`, `null` and `n/a` are no value.
 */
import { type Entity, entity } from './entity';

const name = String.raw`[\p{L}_][\p{L}\p{N}_ ./-]{0,39}`;
const field = new RegExp(`^(${name}):(?!//)(.*)$`, 'u');
const between = new RegExp(String.raw`[;\n]|,(?=\s*${name}:(?!//))`, 'u');
const bullet = /^\s*(?:[-*•]\s+)?/;
const absent = /^(?:-|none|null|n\/a)?$/i;

function pieces(text: string, separator: RegExp): string[] {
  return text.split(separator).map((piece) => piece.replace(bullet, '').trim());
}

/** Whether a text is a word for nothing, or nothing. */
export const isAbsent = (text: string): boolean => absent.test(text.trim());

/** Whether all of a text is fields. */
export function isFields(text: string): boolean {
  return pieces(text, between).every((piece) => piece === '' || field.test(piece)) && text.includes(':');
}

/** What of it is no field is passed over. */
export function readFields(text: string): Entity[] {
  return pieces(text, between).flatMap((piece) => {
    const [, type = '', value = ''] = field.exec(piece) ?? [];
    return valuesOf(value.trim()).map((one) => entity(type, one));
  });
}

export function isList(text: string): boolean {
  return /[;\n]/.test(text.trim());
}

export function readList(text: string): Entity[] {
  return places(pieces(text, /[;\n]/));
}

export function isCommaList(text: string): boolean {
  return text.includes(',');
}

export function readCommaList(text: string): Entity[] {
  return places(pieces(text, /[,;\n]/));
}

/** A place without a value still counts as one: what stands behind it keeps its own. */
function places(values: readonly string[]): Entity[] {
  return values.flatMap((value, i) => (absent.test(value) ? [] : [entity(String(i + 1), value)]));
}

function valuesOf(value: string): string[] {
  const inBrackets = /^\[(.*)\]$/.exec(value)?.[1];
  const values =
    inBrackets === undefined ? [value] : inBrackets.split(',').map((one) => one.trim().replace(/^(["'])(.*)\1$/, '$2'));
  return values.filter((one) => !absent.test(one));
}
