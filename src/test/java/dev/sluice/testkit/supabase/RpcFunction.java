package dev.sluice.testkit.supabase;

import static dev.sluice.testkit.supabase.ProjectDatabase.prepare;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A database function that can be called, as the catalog describes it.
 *
 * @param names of the input parameters, empty for one without a name
 * @param types of the input parameters, as SQL writes them
 * @param defaults how many parameters at the end may be left out
 * @param set whether it returns rows; {@code composite}: whether what it returns has columns
 * @param reads stable or immutable: run in a read-only transaction
 */
record RpcFunction(
        String schema,
        String name,
        List<String> names,
        List<String> types,
        int defaults,
        boolean set,
        boolean composite,
        boolean isVoid,
        boolean reads) {

    private static final String CATALOG = """
            select p.proretset, t.typname = 'void' as void, p.pronargdefaults, p.provolatile <> 'v' as reads,
                   t.typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false) as composite,
                   array(select coalesce(p.proargnames[a.n::int], '')
                           from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality a (type, n)
                          where p.proargmodes is null or p.proargmodes[a.n::int] in ('i', 'b', 'v')
                          order by a.n) as names,
                   array(select format_type(a.type, null)
                           from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality a (type, n)
                          where p.proargmodes is null or p.proargmodes[a.n::int] in ('i', 'b', 'v')
                          order by a.n) as types
              from pg_proc p
              join pg_namespace n on n.oid = p.pronamespace
              join pg_type t on t.oid = p.prorettype
             where n.nspname = ? and p.proname = ? and p.prokind = 'f'
             order by p.oid
            """;

    static List<RpcFunction> named(Connection connection, String schema, String name) throws SQLException {
        try (PreparedStatement statement = prepare(connection, CATALOG, schema, name);
                ResultSet row = statement.executeQuery()) {
            List<RpcFunction> functions = new ArrayList<>();
            while (row.next()) {
                functions.add(new RpcFunction(
                        schema,
                        name,
                        List.of((String[]) row.getArray("names").getArray()),
                        List.of((String[]) row.getArray("types").getArray()),
                        row.getInt("pronargdefaults"),
                        row.getBoolean("proretset"),
                        row.getBoolean("composite"),
                        row.getBoolean("void"),
                        row.getBoolean("reads")));
            }
            return functions;
        }
    }

    /** The function that takes exactly these named arguments, all others being defaulted; a 404 where none does. */
    static RpcFunction select(List<RpcFunction> functions, String schema, String name, Set<String> given) {
        for (RpcFunction function : functions) {
            if (function.takes(given)) {
                return function;
            }
        }
        for (RpcFunction function : functions) {
            if (function.takesWholeBody()) {
                return function;
            }
        }
        Set<String> sorted = new TreeSet<>(given);
        String list = String.join(", ", sorted);
        String parameters =
                sorted.isEmpty() ? "without parameters" : "with parameter" + (sorted.size() == 1 ? " " : "s ") + list;
        String hint = functions.isEmpty()
                ? null
                : "Perhaps you meant to call the function " + schema + "." + name + "("
                        + String.join(", ", new TreeSet<>(functions.get(0).names())) + ")";
        throw new RestProblem(
                404,
                "PGRST202",
                "Searched for the function " + schema + "." + name + " " + parameters
                        + " or with a single unnamed json/jsonb parameter, but no matches were found in the schema "
                        + "cache.",
                hint,
                "Could not find the function " + schema + "." + name
                        + (sorted.isEmpty() ? " without parameters" : "(" + list + ")") + " in the schema cache");
    }

    /** Whether the whole JSON body is its only argument. */
    boolean takesWholeBody() {
        return names.equals(List.of("")) && Set.of("json", "jsonb").contains(types.get(0));
    }

    private boolean takes(Set<String> given) {
        if (takesWholeBody()) {
            return false;
        }
        Set<String> required = new TreeSet<>(names.subList(0, names.size() - defaults));
        return names.containsAll(given) && given.containsAll(required);
    }
}
