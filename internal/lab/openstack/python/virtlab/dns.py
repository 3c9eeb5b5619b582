"""The DNS service that neutron tells the names of ports and floating IPs: it remembers them, and answers nobody."""
from neutron.services.externaldns import driver
from neutron_lib.exceptions import dns


class Driver(driver.ExternalDNSService):
    def __init__(self):
        self.sets = {}

    def create_record_set(self, context, dns_domain, dns_name, records):
        if (dns_domain, dns_name) in self.sets:
            raise dns.DuplicateRecordSet(dns_name=dns_name)
        self.sets[dns_domain, dns_name] = records

    def delete_record_set(self, context, dns_domain, dns_name, records):
        self.sets.pop((dns_domain, dns_name), None)
