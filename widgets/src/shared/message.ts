// Binary parts of messages.

export type Bytes = ArrayBuffer | ArrayBufferView;

/** The 32-bit floats of a buffer. A view that does not start on a multiple of four bytes is copied. */
export function floats(bytes: Bytes | undefined): Float32Array {
  if (bytes === undefined) return new Float32Array(0);
  const [buffer, offset, length] = ArrayBuffer.isView(bytes)
    ? [bytes.buffer, bytes.byteOffset, bytes.byteLength]
    : [bytes, 0, bytes.byteLength];
  const whole = length - (length % 4);
  if (offset % 4 === 0) return new Float32Array(buffer, offset, whole / 4);
  return new Float32Array(buffer.slice(offset, offset + whole));
}
