/** Strings. https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string */
import type { JsonValue } from '@sallyport/model';
import { isArray, isObject, printValue, type Arguments, type FunctionTable } from './function.ts';
import { formatText } from './format.ts';
import { nameGuid, uniqueString } from './hashes.ts';

function concat(args: Arguments): JsonValue {
  if (args.all.some((arg) => isArray(arg))) return args.all.flatMap((_, index) => args.array(index));
  if (args.all.some((arg) => isObject(arg))) args.fail('its arguments must be strings, integers or booleans, or all arrays.');
  return args.all.map(printValue).join('');
}

function substring(args: Arguments): string {
  const text = args.text(0);
  const start = args.integer(1);
  const length = args.has(2) ? args.integer(2) : text.length - start;
  if (start < 0 || length < 0 || start + length > text.length)
    args.fail(
      `the index and length parameters must refer to a location within the string. The index parameter: '${start}', the length parameter: '${length}', the length of the string parameter: '${text.length}'.`,
    );
  return text.slice(start, start + length);
}

function split(args: Arguments): readonly string[] {
  const text = args.text(0);
  const separators = isArray(args.any(1)) ? args.array(1).map(printValue) : [args.text(1)];
  const [first, ...rest] = separators;
  if (first === undefined) return [text];
  return rest.reduce((parts, separator) => parts.flatMap((part) => part.split(separator)), text.split(first));
}

/** RFC 3986 resolution; a base without a closing slash loses its last segment, as Azure documents. */
function uri(args: Arguments): string {
  try {
    return new URL(args.text(1), args.text(0)).href;
  } catch {
    return args.fail(`'${args.text(0)}' is no absolute URI.`);
  }
}

function guidLike(name: 'uniqueString' | 'guid') {
  const print = name === 'guid' ? nameGuid : uniqueString;
  return { arity: [1, Infinity], call: (args: Arguments) => print(args.all.map((_, index) => args.text(index))) } as const;
}

export const textFunctions: FunctionTable = {
  concat: { arity: [1, Infinity], call: concat },
  format: { arity: [1, Infinity], call: (args) => formatText(args) },
  string: { arity: [1, 1], call: (args) => printValue(args.any(0)) },
  toLower: { arity: [1, 1], call: (args) => args.text(0).toLowerCase() },
  toUpper: { arity: [1, 1], call: (args) => args.text(0).toUpperCase() },
  trim: { arity: [1, 1], call: (args) => args.text(0).trim() },
  padLeft: {
    arity: [2, 3],
    call: (args) => printValue(args.any(0)).padStart(args.integer(1), args.has(2) ? args.text(2) : ' '),
  },
  substring: { arity: [2, 3], call: substring },
  replace: { arity: [3, 3], call: (args) => args.text(0).replaceAll(args.text(1), () => args.text(2)) },
  split: { arity: [2, 2], call: split },
  startsWith: { arity: [2, 2], call: (args) => args.text(0).toLowerCase().startsWith(args.text(1).toLowerCase()) },
  endsWith: { arity: [2, 2], call: (args) => args.text(0).toLowerCase().endsWith(args.text(1).toLowerCase()) },
  uniqueString: guidLike('uniqueString'),
  guid: guidLike('guid'),
  base64: { arity: [1, 1], call: (args) => Buffer.from(args.text(0)).toString('base64') },
  base64ToString: { arity: [1, 1], call: (args) => Buffer.from(args.text(0), 'base64').toString() },
  base64ToJson: { arity: [1, 1], call: (args) => parseJson(args, Buffer.from(args.text(0), 'base64').toString()) },
  dataUri: { arity: [1, 1], call: (args) => `data:text/plain;charset=utf8;base64,${Buffer.from(args.text(0)).toString('base64')}` },
  dataUriToString: {
    arity: [1, 1],
    call: (args) => {
      const body = /^data:[^,]*?(?<base64>;base64)?,(?<text>[\s\S]*)$/.exec(args.text(0))?.groups;
      if (body === undefined) return args.fail('its argument is no data URI.');
      const text = body['text'] ?? '';
      return body['base64'] === undefined ? decodeURIComponent(text) : Buffer.from(text, 'base64').toString();
    },
  },
  uri: { arity: [2, 2], call: uri },
  uriComponent: { arity: [1, 1], call: (args) => encodeURIComponent(args.text(0)) },
  uriComponentToString: { arity: [1, 1], call: (args) => decodeURIComponent(args.text(0)) },
  json: { arity: [1, 1], call: (args) => parseJson(args, args.text(0)) },
};

function parseJson(args: Arguments, text: string): JsonValue {
  try {
    // JSON.parse gives JSON values and nothing else.
    return JSON.parse(text) as JsonValue;
  } catch {
    return args.fail('the argument is no valid JSON.');
  }
}
