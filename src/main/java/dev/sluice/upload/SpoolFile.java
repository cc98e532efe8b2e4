package dev.sluice.upload;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/** One body on disk. Its methods that touch the disk block, and are called on the spool's threads only. */
final class SpoolFile {

    private static final int CHUNK = 64 * 1024;

    private final FileChannel channel;

    /** Bytes of the spool's room that this file has taken; negative once it has given them back. */
    private final AtomicLong reserved = new AtomicLong();

    private long written;

    private SpoolFile(FileChannel channel) {
        this.channel = channel;
    }

    static SpoolFile create(Path directory, String prefix) throws IOException {
        return new SpoolFile(FileChannel.open(
                directory.resolve(prefix + UUID.randomUUID()),
                EnumSet.of(
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.DELETE_ON_CLOSE)));
    }

    long reserved() {
        return Math.max(0, reserved.get());
    }

    /** @return false if the file is not needed any more */
    boolean reserve(int bytes) {
        return reserved.getAndUpdate(now -> now < 0 ? now : now + bytes) >= 0;
    }

    /** Gives the room back, for good. */
    long release() {
        return Math.max(0, reserved.getAndSet(-1));
    }

    /** Appends the buffer and releases it. */
    void write(DataBuffer buffer) {
        try (DataBuffer.ByteBufferIterator parts = buffer.readableByteBuffers()) {
            while (parts.hasNext()) {
                ByteBuffer part = parts.next();
                while (part.hasRemaining()) {
                    written += channel.write(part, written);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("An upload of unknown length cannot be written to disk", e);
        } finally {
            DataBufferUtils.release(buffer);
        }
    }

    /** The request with this as its body, whose length it says. */
    ServerHttpRequest request(ServerWebExchange exchange, Scheduler disk) {
        HttpHeaders headers = new HttpHeaders();
        headers.putAll(exchange.getRequest().getHeaders());
        headers.remove(HttpHeaders.TRANSFER_ENCODING);
        headers.setContentLength(written);
        DataBufferFactory buffers = exchange.getResponse().bufferFactory();
        return new ServerHttpRequestDecorator(exchange.getRequest()) {
            @Override
            public HttpHeaders getHeaders() {
                return headers;
            }

            @Override
            public Flux<DataBuffer> getBody() {
                return read(buffers).subscribeOn(disk);
            }
        };
    }

    private Flux<DataBuffer> read(DataBufferFactory buffers) {
        if (written == 0) {
            return Flux.empty();
        }
        return Flux.generate(() -> 0L, (at, next) -> {
            try {
                ByteBuffer chunk = chunk(at);
                long end = at + chunk.remaining();
                next.next(buffers.wrap(chunk));
                if (end == written) {
                    next.complete();
                }
                return end;
            } catch (IOException e) {
                next.error(new UncheckedIOException("An upload of unknown length cannot be read from disk", e));
                return at;
            }
        });
    }

    private ByteBuffer chunk(long at) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK, written - at));
        while (chunk.hasRemaining()) {
            if (channel.read(chunk, at + chunk.position()) < 0) {
                throw new EOFException("The file of an upload has lost its end");
            }
        }
        return chunk.flip();
    }

    void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
