/**
 * Method frames (AMQP 0-9-1, sections 2.3.5.1 and 4.2.4). The payload of a frame of type 1:
 *
 *     0             2              4
 *     +-------------+--------------+-----------------------------------------+
 *     | classId u16 | methodId u16 | arguments, in the order of methods.ts   |
 *     +-------------+--------------+-----------------------------------------+
 */
import { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { CodecError } from './errors.ts';
import { type FieldTable, readTable } from './field-table.ts';
import { beginFrame, endFrame, FRAME_METHOD } from './frame.ts';
import {
  type ArgumentDomain,
  type Domain,
  METHODS,
  type Method,
  type MethodArguments,
  type MethodName,
  methodKey,
} from './methods.ts';
import { COMMAND_INVALID, SYNTAX_ERROR } from './reply-codes.ts';

type ArgumentValue = number | boolean | string | Uint8Array | FieldTable;

/** One argument of a method, ready for the loops below. */
interface Argument {
  readonly name: string;
  readonly domain: Domain;
  readonly reserved: boolean;
  /** Of a bit: its place in its octet, in which the bits of consecutive arguments share. 0 begins a new octet. */
  readonly bitIndex: number;
}

interface MethodLayout {
  readonly name: MethodName;
  readonly key: number;
  readonly arguments: readonly Argument[];
}

const LAYOUTS: ReadonlyMap<MethodName, MethodLayout> = layouts();
const LAYOUTS_BY_KEY: ReadonlyMap<number, MethodLayout> = new Map(
  [...LAYOUTS.values()].map((layout) => [layout.key, layout]),
);

function layouts(): Map<MethodName, MethodLayout> {
  const all = new Map<MethodName, MethodLayout>();
  for (const name of Object.keys(METHODS) as MethodName[]) {
    all.set(name, { name, key: methodKey(name), arguments: argumentsOf(METHODS[name].arguments) });
  }
  return all;
}

function argumentsOf(domains: Readonly<Record<string, ArgumentDomain>>): Argument[] {
  const all: Argument[] = [];
  let bits = 0;
  for (const [name, argumentDomain] of Object.entries(domains)) {
    const reserved = argumentDomain.startsWith('reserved ');
    const domain = (reserved ? argumentDomain.slice('reserved '.length) : argumentDomain) as Domain;
    all.push({ name, domain, reserved, bitIndex: domain === 'bit' ? bits % 8 : 0 });
    bits = domain === 'bit' ? bits + 1 : 0;
  }
  return all;
}

/**
 * The method in a frame's payload `bytes[start, end)`. It keeps nothing of `bytes`.
 * Throws CodecError 503 for a method that does not exist, 502 for arguments that are cut short, malformed, or followed
 * by more bytes.
 */
export function decodeMethod(bytes: Uint8Array, start: number, end: number): Method {
  const reader = new ByteReader(bytes, start, end);
  const classId = reader.u16();
  const methodId = reader.u16();
  const layout = LAYOUTS_BY_KEY.get((classId << 16) | methodId);
  if (layout === undefined) {
    throw new CodecError(COMMAND_INVALID, `there is no method ${methodId} in class ${classId}`);
  }
  const method: Record<string, ArgumentValue> = { name: layout.name };
  let bits = 0;
  for (const { name, domain, reserved, bitIndex } of layout.arguments) {
    if (domain === 'bit' && bitIndex === 0) bits = reader.u8();
    const value = domain === 'bit' ? (bits & (1 << bitIndex)) !== 0 : readValue(reader, domain);
    if (!reserved) method[name] = value;
  }
  checkAllRead(reader, layout.name);
  // The layout and the type of the method come from the same table.
  return method as unknown as Method;
}

function checkAllRead(reader: ByteReader, name: MethodName): void {
  const left = reader.end - reader.position;
  if (left > 0) {
    throw new CodecError(SYNTAX_ERROR, `${left} bytes follow the last argument of ${name}: none may`);
  }
}

function readValue(reader: ByteReader, domain: Exclude<Domain, 'bit'>): ArgumentValue {
  switch (domain) {
    case 'octet':
      return reader.u8();
    case 'short':
      return reader.u16();
    case 'long':
      return reader.u32();
    case 'longlong':
      return reader.u64();
    case 'shortstr':
      return reader.shortstr();
    case 'longstr':
      return reader.longstr();
    case 'table':
      return readTable(reader);
  }
}

/**
 * Writes a whole frame, end octet included, or nothing: CodecError 502 when a short string takes more than 255 bytes.
 * The frame is not compared with frame-max: a method cannot be split.
 */
export function writeMethodFrame<N extends MethodName>(
  writer: ByteWriter,
  channel: number,
  name: N,
  args: MethodArguments<N>,
): void {
  const layout = LAYOUTS.get(name) as MethodLayout;
  const frameAt = beginFrame(writer, FRAME_METHOD, channel);
  try {
    writer.u32(layout.key);
    writeArguments(writer, layout.arguments, args as Readonly<Record<string, ArgumentValue>>);
    endFrame(writer, frameAt);
  } catch (error) {
    writer.position = frameAt;
    throw error;
  }
}

function writeArguments(
  writer: ByteWriter,
  layout: readonly Argument[],
  values: Readonly<Record<string, ArgumentValue>>,
): void {
  for (const { name, domain, reserved, bitIndex } of layout) {
    if (domain !== 'bit') {
      writeValue(writer, domain, reserved ? undefined : values[name]);
      continue;
    }
    if (bitIndex === 0) writer.u8(0);
    if (!reserved && values[name] === true) {
      const octetAt = writer.position - 1;
      writer.bytes[octetAt] = (writer.bytes[octetAt] as number) | (1 << bitIndex);
    }
  }
}

/** The types of `writeMethodFrame` say what the value is. Undefined, for a reserved argument, is written as zero. */
function writeValue(
  writer: ByteWriter,
  domain: Exclude<Domain, 'bit'>,
  value: ArgumentValue | undefined,
): void {
  switch (domain) {
    case 'octet':
      writer.u8((value ?? 0) as number);
      break;
    case 'short':
      writer.u16((value ?? 0) as number);
      break;
    case 'long':
      writer.u32((value ?? 0) as number);
      break;
    case 'longlong':
      writer.u64((value ?? 0) as number);
      break;
    case 'shortstr':
      writer.shortstr((value ?? '') as string);
      break;
    case 'longstr':
      writer.longstr((value ?? '') as Uint8Array | string);
      break;
    case 'table':
      writer.table((value ?? new Map()) as FieldTable);
      break;
  }
}
