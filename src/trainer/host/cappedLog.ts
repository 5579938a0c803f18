/**
 * A log that cannot fill the disk: the first bytes are written as they come, of the rest only the last are kept, and
 * written at the end. The beginning says what the matter is, the end how it ended.
 */
export interface CappedLog {
  add(data: Uint8Array): void;
  end(): void;
}

export function cappedLog(write: (data: Uint8Array) => void, headBytes = 256 * 1024, tailBytes = 64 * 1024): CappedLog {
  let room = headBytes, tail = Buffer.alloc(0), leftOut = 0;
  return {
    add(data) {
      const head = data.subarray(0, room);
      if (head.length > 0) write(head);
      room -= head.length;
      if (head.length === data.length) return;
      const rest = Buffer.concat([tail, data.subarray(head.length)]);
      tail = rest.subarray(Math.max(0, rest.length - tailBytes));
      leftOut += rest.length - tail.length;
    },
    end() {
      if (leftOut > 0) write(Buffer.from(`\n… ${leftOut} bytes left out …\n`));
      if (tail.length > 0) write(tail);
    },
  };
}
