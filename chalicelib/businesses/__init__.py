"""The businesses that ship, each as data: `<name>/business.yaml`, `datamap.yaml`, `sharing.yaml`."""
