package dev.sluice.testkit.supabase;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The part of PostgREST's query language that is stood in for: {@code select=a,b}, {@code column=operator.value} with
 * the operators below, {@code in.(…)}, {@code is.null}, {@code not.}, {@code order=a.desc}, {@code limit},
 * {@code offset}. Unknown columns are the database's to refuse.
 */
record RowQuery(Map<String, String> parameters) {

    static final Set<String> RESERVED =
            Set.of("select", "order", "limit", "offset", "on_conflict", "columns", "apikey");

    private static final Pattern FILTER =
            Pattern.compile("(not\\.)?(eq|neq|gt|gte|lt|lte|like|ilike|is|in)\\.(.*)", Pattern.DOTALL);
    private static final Pattern ITEM = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"|([^,]+)");
    private static final Map<String, String> OPERATORS = Map.of(
            "eq", "=", "neq", "<>", "gt", ">", "gte", ">=", "lt", "<", "lte", "<=", "like", "like", "ilike", "ilike");

    static RowQuery of(Call call) {
        return without(call, Set.of("apikey"));
    }

    static RowQuery without(Call call, Set<String> names) {
        Map<String, String> parameters = new LinkedHashMap<>(call.query());
        parameters.keySet().removeAll(names);
        return new RowQuery(parameters);
    }

    /** A select on this relation, {@code schema.table} already quoted. */
    String sql(String relation) {
        List<String> columns = new ArrayList<>();
        for (String column : parameters.getOrDefault("select", "*").split(",", -1)) {
            columns.add(column.equals("*") ? relation + ".*" : relation + "." + quote(column.trim()));
        }
        StringBuilder sql = new StringBuilder("select ").append(String.join(", ", columns));
        sql.append(" from ").append(relation);
        String joint = " where ";
        for (Map.Entry<String, String> parameter : parameters.entrySet()) {
            if (!RESERVED.contains(parameter.getKey())) {
                sql.append(joint).append(condition(relation, parameter.getKey(), parameter.getValue()));
                joint = " and ";
            }
        }
        String order = parameters.get("order");
        if (order != null) {
            List<String> terms = new ArrayList<>();
            for (String term : order.split(",", -1)) {
                String[] parts = term.split("\\.", -1);
                boolean descending = List.of(parts).contains("desc");
                terms.add(relation + "." + quote(parts[0]) + (descending ? " desc" : ""));
            }
            sql.append(" order by ").append(String.join(", ", terms));
        }
        return sql.append(number("limit")).append(number("offset")).toString();
    }

    static String quote(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    private String number(String name) {
        String value = parameters.get(name);
        return value == null ? "" : " " + name + " " + Long.parseLong(value);
    }

    private static String condition(String relation, String column, String filter) {
        Matcher matcher = FILTER.matcher(filter);
        if (!matcher.matches()) {
            throw new RestProblem(
                    400,
                    "PGRST100",
                    "unexpected \"" + (filter.isEmpty() ? "" : filter.substring(0, 1))
                            + "\" expecting \"not\" or operator (eq, gt, ...)",
                    null,
                    "\"failed to parse filter (" + filter + ")\" (line 1, column 1)");
        }
        String left = relation + "." + quote(column);
        String operator = matcher.group(2);
        String value = matcher.group(3);
        String test;
        if (operator.equals("in")) {
            test = left + " = any(" + literal(array(value)) + ")";
        } else if (operator.equals("is")) {
            test = left + " is " + (Set.of("true", "false").contains(value) ? value : "null");
        } else if (operator.endsWith("like")) {
            test = left + " " + operator + " " + literal(value.replace('*', '%'));
        } else {
            test = left + " " + OPERATORS.get(operator) + " " + literal(value);
        }
        return matcher.group(1) == null ? test : "not (" + test + ")";
    }

    /** {@code (a,"b,c")} as the text of a Postgres array. */
    private static String array(String list) {
        String inner = list.startsWith("(") && list.endsWith(")") ? list.substring(1, list.length() - 1) : list;
        List<String> items = new ArrayList<>();
        Matcher item = ITEM.matcher(inner);
        while (item.find()) {
            String text = item.group(1) == null ? item.group(2) : item.group(1).replaceAll("\\\\(.)", "$1");
            items.add('"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"');
        }
        return "{" + String.join(",", items) + "}";
    }

    /** A literal without a type, so that the column decides; a question mark is doubled for the driver. */
    private static String literal(String value) {
        return "E'" + value.replace("\\", "\\\\").replace("'", "''").replace("?", "\\x3f") + "'";
    }
}
