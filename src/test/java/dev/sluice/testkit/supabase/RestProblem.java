package dev.sluice.testkit.supabase;

import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** A refusal of PostgREST: the real HTTP status and a body of code, details, hint and message. */
final class RestProblem extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient Reply reply;

    private RestProblem(Reply reply, String message) {
        super(message, null, false, false);
        this.reply = reply;
    }

    RestProblem(int status, String code, @Nullable String details, @Nullable String hint, String message) {
        this(answer(status, code, details, hint, message), message);
    }

    static RestProblem token(String message) {
        Reply reply = answer(401, "PGRST301", null, null, message)
                .with("www-authenticate", "Bearer error=\"invalid_token\", error_description=\"" + message + "\"");
        return new RestProblem(reply, message);
    }

    static RestProblem notOneRow(long rows) {
        return new RestProblem(
                406,
                "PGRST116",
                "The result contains " + rows + " rows",
                null,
                "JSON object requested, multiple (or no) rows returned");
    }

    Reply reply() {
        return reply;
    }

    /**
     * What PostgREST makes of a database error (its {@code Error} module).
     *
     * @param anonymous whether the caller had no role of its own: a lacking privilege is then 401
     */
    static RestProblem of(SQLException cause, boolean anonymous) {
        if (cause instanceof SQLTransientConnectionException) {
            return new RestProblem(504, "PGRST003", null, null, "Timed out acquiring connection from connection pool.");
        }
        ServerErrorMessage server = cause instanceof PSQLException psql ? psql.getServerErrorMessage() : null;
        String state = String.valueOf(cause.getSQLState());
        String message = server == null || server.getMessage() == null ? "database error" : server.getMessage();
        String details = server == null ? null : server.getDetail();
        String hint = server == null ? null : server.getHint();
        if (state.equals("PGRST")) {
            return custom(message, details);
        }
        Reply reply = answer(status(state, anonymous), state, details, hint, message);
        if (state.equals("42501") && anonymous) {
            reply = reply.with("www-authenticate", "Bearer");
        }
        return new RestProblem(reply, message);
    }

    private static RestProblem custom(String message, @Nullable String details) {
        Map<String, Object> body = Json.readObject(message.getBytes(StandardCharsets.UTF_8));
        Map<String, Object> answer = details == null ? null : Json.readObject(details.getBytes(StandardCharsets.UTF_8));
        if (body == null || answer == null || !(answer.get("status") instanceof Integer status)) {
            return new RestProblem(
                    500,
                    "PGRST121",
                    details,
                    "DETAIL must be a JSON object with obligatory keys: \"status\", \"headers\".",
                    "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error");
        }
        Reply reply = Reply.json(
                        status,
                        Json.object(
                                "code", body.get("code"),
                                "details", body.get("details"),
                                "hint", body.get("hint"),
                                "message", body.get("message")))
                .asChunked();
        if (answer.get("headers") instanceof Map<?, ?> headers) {
            for (Map.Entry<?, ?> header : headers.entrySet()) {
                reply = reply.with(String.valueOf(header.getKey()), String.valueOf(header.getValue()));
            }
        }
        return new RestProblem(reply, message);
    }

    private static int status(String state, boolean anonymous) {
        if (state.startsWith("PT") && state.substring(2).matches("[1-5]\\d\\d")) {
            return Integer.parseInt(state.substring(2));
        }
        return switch (state) {
            case "23503", "23505" -> 409;
            case "25006" -> 405;
            case "42501" -> anonymous ? 401 : 403;
            case "42883", "42P01" -> 404;
            case "42P17", "53400" -> 500;
            case "P0001" -> 400;
            default -> statusOfClass(state.substring(0, Math.min(2, state.length())));
        };
    }

    private static int statusOfClass(String stateClass) {
        return switch (stateClass) {
            case "08", "53" -> 503;
            case "0L", "0P", "28" -> 403;
            case "09", "25", "2D", "38", "39", "3B", "40", "54", "55", "57", "58", "F0", "HV", "P0", "XX" -> 500;
            default -> 400;
        };
    }

    private static Reply answer(
            int status, String code, @Nullable String details, @Nullable String hint, String message) {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("code", code);
        body.put("details", details);
        body.put("hint", hint);
        body.put("message", message);
        return Reply.json(status, body).asChunked();
    }
}
