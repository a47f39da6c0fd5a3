import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from './byte-writer.ts';
import { CodecError } from './errors.ts';
import {
  beginFrame,
  endFrame,
  FRAME_BODY,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  FRAME_MIN_SIZE,
  FrameParser,
  type FrameSink,
  writeHeartbeatFrame,
} from './frame.ts';

interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: readonly number[];
}

/** Collects frames; `after` runs after each one. */
class Collector implements FrameSink {
  readonly frames: Frame[] = [];
  after: () => void = () => {};

  onFrame(type: number, channel: number, bytes: Uint8Array, start: number, end: number): void {
    this.frames.push({ type, channel, payload: [...bytes.subarray(start, end)] });
    this.after();
  }
}

function encode(...frames: Frame[]): Uint8Array {
  const writer = new ByteWriter();
  for (const { type, channel, payload } of frames) {
    const frameAt = beginFrame(writer, type, channel);
    writer.raw(Uint8Array.from(payload), 0, payload.length);
    endFrame(writer, frameAt);
  }
  return writer.toBytes();
}

function push(parser: FrameParser, bytes: Uint8Array): void {
  parser.push(bytes, 0, bytes.length);
}

/** The error that pushing `bytes` ends in. */
function errorOf(parser: FrameParser, bytes: Uint8Array): unknown {
  try {
    push(parser, bytes);
  } catch (error) {
    return error;
  }
  return undefined;
}

const frames = fc.array(
  fc.record({
    type: fc.constantFrom(1, 2, 3, 8),
    channel: fc.nat(65535),
    payload: fc.array(fc.nat(255), { maxLength: 600 }),
  }),
  { maxLength: 8 },
);

const body: Frame = { type: FRAME_BODY, channel: 7, payload: [1, 2, 3] };

describe('FrameParser', () => {
  it('gives the same frames wherever the stream is cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(6000), { maxLength: 12 }), (sent, cuts) => {
        const bytes = encode(...sent);
        const sink = new Collector();
        const parser = new FrameParser(sink, 0);
        const sorted = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort(
          (a, b) => a - b,
        );
        let start = 0;
        for (const end of sorted) {
          parser.push(bytes, start, end);
          start = end;
        }
        expect(sink.frames).toEqual(sent);
      }),
      { numRuns: 300 },
    );
  });

  it('can be cut at every single place', () => {
    const sent = [body, { type: FRAME_METHOD, channel: 1, payload: [] }, body];
    const bytes = encode(...sent);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const sink = new Collector();
      const parser = new FrameParser(sink, FRAME_MIN_SIZE);
      parser.push(bytes, 0, cut);
      parser.push(bytes, cut, bytes.length);
      expect(sink.frames).toEqual(sent);
    }
  });

  it('takes one byte at a time', () => {
    const sent = [body, { type: FRAME_METHOD, channel: 65535, payload: Array(700).fill(0xce) }, body];
    const sink = new Collector();
    const parser = new FrameParser(sink, FRAME_MIN_SIZE);
    for (const byte of encode(...sent)) push(parser, Uint8Array.of(byte));
    expect(sink.frames).toEqual(sent);
  });

  it('keeps nothing of the bytes that were pushed', () => {
    const bytes = encode(body);
    const sink = new Collector();
    const parser = new FrameParser(sink, 0);
    const chunk = bytes.slice(0, 9);
    push(parser, chunk);
    chunk.fill(0xff);
    push(parser, bytes.slice(9));
    expect(sink.frames).toEqual([body]);
  });

  it('reads the frames in the middle of a larger buffer', () => {
    const bytes = Uint8Array.of(9, 9, ...encode(body), 9, 9);
    const sink = new Collector();
    new FrameParser(sink, 0).push(bytes, 2, bytes.length - 2);
    expect(sink.frames).toEqual([body]);
  });

  it('takes frames of exactly frame-max bytes, overhead included', () => {
    const largest = { type: FRAME_BODY, channel: 1, payload: Array(FRAME_MIN_SIZE - 8).fill(1) };
    const sink = new Collector();
    push(new FrameParser(sink, FRAME_MIN_SIZE), encode(largest, largest));
    expect(sink.frames.length).toBe(2);
  });

  it('refuses a larger frame with 501 as soon as its size is known', () => {
    const tooLarge = encode({ type: FRAME_BODY, channel: 1, payload: Array(FRAME_MIN_SIZE - 7).fill(1) });
    const whole = new FrameParser(new Collector(), FRAME_MIN_SIZE);
    const cut = new FrameParser(new Collector(), FRAME_MIN_SIZE);
    push(cut, tooLarge.slice(0, 6));
    for (const error of [errorOf(whole, tooLarge.slice(0, 7)), errorOf(cut, tooLarge.slice(6, 7))]) {
      expect(error).toBeInstanceOf(CodecError);
      expect(error).toMatchObject({
        replyCode: 501,
        message: expect.stringContaining('4097 bytes, frame-max allows 4096'),
      });
    }
  });

  it('takes a frame of any size when there is no limit', () => {
    const large = { type: FRAME_BODY, channel: 1, payload: Array(300_000).fill(1) };
    const bytes = encode(large);
    const sink = new Collector();
    const parser = new FrameParser(sink, 0);
    for (let start = 0; start < bytes.length; start += 65536) {
      parser.push(bytes, start, Math.min(bytes.length, start + 65536));
    }
    expect(sink.frames[0]?.payload.length).toBe(300_000);
  });

  it('follows a change of frame-max from the next frame on', () => {
    const sink = new Collector();
    const parser = new FrameParser(sink, 12);
    sink.after = () => {
      parser.frameMax = 11;
    };
    const error = errorOf(parser, encode(body, { ...body, payload: [1, 2, 3, 4] }));
    expect(sink.frames).toEqual([body]);
    expect(error).toMatchObject({ replyCode: 501 });
  });

  it.each([0, 4, 5, 9, 255])('refuses frame type %i with 501', (type) => {
    const bytes = encode({ ...body, type });
    expect(errorOf(new FrameParser(new Collector(), 0), bytes)).toMatchObject({
      replyCode: 501,
      message: expect.stringContaining(`frame type ${type} is unknown`),
    });
  });

  it('refuses a frame that does not end with the end octet with 501', () => {
    const bytes = encode(body);
    bytes[bytes.length - 1] = 0xcd;
    const cut = new FrameParser(new Collector(), 0);
    push(cut, bytes.slice(0, 8));
    for (const error of [errorOf(new FrameParser(new Collector(), 0), bytes), errorOf(cut, bytes.slice(8))]) {
      expect(error).toMatchObject({
        replyCode: 501,
        message: 'a frame of type 3 and size 3 ends with 0xcd, not with 0xce',
      });
    }
  });

  it('hands on the frames before a bad one, and drops what follows it', () => {
    const sink = new Collector();
    const parser = new FrameParser(sink, 0);
    expect(errorOf(parser, encode(body, { ...body, type: 6 }, body))).toMatchObject({ replyCode: 501 });
    push(parser, encode(body));
    expect(sink.frames).toEqual([body]);
  });

  it('ends the push in which it is stopped', () => {
    const sink = new Collector();
    const parser = new FrameParser(sink, 0);
    sink.after = () => parser.stop();
    push(parser, encode(body, body, body));
    push(parser, encode(body));
    expect(sink.frames).toEqual([body]);
  });

  it('can be stopped by a frame that came in two pieces', () => {
    const sink = new Collector();
    const parser = new FrameParser(sink, 0);
    sink.after = () => parser.stop();
    const bytes = encode(body, body);
    push(parser, bytes.slice(0, 3));
    push(parser, bytes.slice(3));
    expect(sink.frames).toEqual([body]);
  });

  it('is stopped by an error of the sink', () => {
    const sink = new Collector();
    const parser = new FrameParser(sink, 0);
    sink.after = () => {
      throw new Error('refused');
    };
    expect(errorOf(parser, encode(body, body))).toMatchObject({ message: 'refused' });
    push(parser, encode(body));
    expect(sink.frames).toEqual([body]);
  });
});

describe('writeHeartbeatFrame', () => {
  it('writes an empty frame on channel 0', () => {
    const writer = new ByteWriter();
    writeHeartbeatFrame(writer);
    expect([...writer.toBytes()]).toEqual([FRAME_HEARTBEAT, 0, 0, 0, 0, 0, 0, 0xce]);
  });
});
