package dev.sluice.testkit.supabase;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A {@code multipart/form-data} body (RFC 7578) up to its file part: the fields sent before the file, the file's type,
 * and the file's bytes as a stream. The part's name may be empty, as supabase-js sends it. What follows the file is
 * not looked at.
 */
record MultipartFile(Map<String, String> fields, String contentType, InputStream content) {

    private static final int MAX_FIELD_BYTES = 64 * 1024;
    private static final int MAX_FIELDS = 10;
    private static final Pattern BOUNDARY = Pattern.compile("boundary=\"?([^\";]+)\"?", Pattern.CASE_INSENSITIVE);
    private static final Pattern NAME = Pattern.compile("[ ;]name=\"([^\"]*)\"");

    static boolean isMultipart(@Nullable String contentType) {
        return contentType != null && contentType.toLowerCase(Locale.ROOT).startsWith("multipart/form-data");
    }

    static MultipartFile read(String contentType, InputStream body) throws IOException {
        Matcher boundary = BOUNDARY.matcher(contentType);
        if (!boundary.find()) {
            throw StorageProblem.invalid("Multipart: Boundary not found");
        }
        byte[] delimiter = ("\r\n--" + boundary.group(1)).getBytes(StandardCharsets.ISO_8859_1);
        BufferedInputStream in = new BufferedInputStream(body, 64 * 1024);
        if (!line(in).equals("--" + boundary.group(1))) {
            throw StorageProblem.invalid("Unexpected end of form");
        }
        Map<String, String> fields = new HashMap<>();
        while (fields.size() <= MAX_FIELDS) {
            Map<String, String> headers = headers(in);
            String disposition = headers.getOrDefault("content-disposition", "");
            Part part = new Part(in, delimiter);
            if (disposition.contains("filename=")) {
                String own = headers.getOrDefault("content-type", "application/octet-stream");
                return new MultipartFile(fields, fields.getOrDefault("contentType", own), part);
            }
            Matcher name = NAME.matcher(disposition);
            byte[] value = part.readNBytes(MAX_FIELD_BYTES);
            if (!name.find() || part.read() >= 0 || line(in).equals("--")) {
                throw StorageProblem.invalid("Unexpected end of form");
            }
            fields.put(name.group(1), new String(value, StandardCharsets.UTF_8));
        }
        throw StorageProblem.invalid("reach fields limit");
    }

    private static Map<String, String> headers(InputStream in) throws IOException {
        Map<String, String> headers = new HashMap<>();
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                headers.put(
                        line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).trim());
            }
        }
        return headers;
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0 || line.size() > MAX_FIELD_BYTES) {
                throw StorageProblem.invalid("Unexpected end of form");
            }
            line.write(b);
        }
        String text = line.toString(StandardCharsets.UTF_8);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    /** The bytes of one part: until the delimiter, which is consumed. A body that ends before it is an error. */
    private static final class Part extends InputStream {

        private final BufferedInputStream in;
        private final byte[] delimiter;
        private boolean ended;

        Part(BufferedInputStream in, byte[] delimiter) {
            this.in = in;
            this.delimiter = delimiter;
        }

        @Override
        public int read() throws IOException {
            if (ended) {
                return -1;
            }
            int b = in.read();
            if (b < 0) {
                throw StorageProblem.invalid("Unexpected end of form");
            }
            if (b != delimiter[0]) {
                return b;
            }
            in.mark(delimiter.length);
            for (int i = 1; i < delimiter.length; i++) {
                if (in.read() != delimiter[i]) {
                    in.reset();
                    return b;
                }
            }
            ended = true;
            return -1;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int count = 0;
            while (count < length) {
                int b = read();
                if (b < 0) {
                    return count == 0 ? -1 : count;
                }
                target[offset + count++] = (byte) b;
            }
            return count;
        }
    }
}
