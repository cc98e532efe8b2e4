package dev.sluice.exchange;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/** Ranges of IP addresses in CIDR notation (RFC 4632, RFC 4291). */
public final class AddressRanges {

    private final List<IpSubnetFilterRule> rules;

    private AddressRanges(List<IpSubnetFilterRule> rules) {
        this.rules = rules;
    }

    /**
     * Reads ranges such as {@code 10.0.0.0/8}; an address alone is a range of one.
     *
     * @param property named in the error
     * @throws IllegalArgumentException naming the property, the form and an example
     */
    public static AddressRanges parse(String property, List<String> ranges) {
        return new AddressRanges(ranges.stream()
                .map(String::strip)
                .filter(range -> !range.isEmpty())
                .map(range -> rule(property, range))
                .toList());
    }

    private static IpSubnetFilterRule rule(String property, String range) {
        int slash = range.indexOf('/');
        InetAddress address =
                NetUtil.createInetAddressFromIpAddressString(slash < 0 ? range : range.substring(0, slash));
        if (address != null) {
            int bits = address.getAddress().length * Byte.SIZE;
            try {
                int prefix = slash < 0 ? bits : Integer.parseInt(range.substring(slash + 1));
                if (prefix >= 0 && prefix <= bits) {
                    return new IpSubnetFilterRule(address, prefix, IpFilterRuleType.ACCEPT);
                }
            } catch (NumberFormatException e) {
                throw malformed(property, range);
            }
        }
        throw malformed(property, range);
    }

    private static IllegalArgumentException malformed(String property, String range) {
        return new IllegalArgumentException(property + ": '" + range
                + "' is not an address range: write <address>/<prefix length>, for example 10.0.0.0/8 or fd00::/8");
    }

    public boolean contains(InetAddress address) {
        InetSocketAddress socket = new InetSocketAddress(address, 0);
        for (IpSubnetFilterRule rule : rules) {
            if (rule.matches(socket)) {
                return true;
            }
        }
        return false;
    }
}
