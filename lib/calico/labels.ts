/** Names of the labels and annotations of a WorkloadEndpoint (data model, "WorkloadEndpoint"). @module */

/** Label with a network's name. */
export const NETWORK_NAME = "projectcalico.org/openstack-network-name";
/** Annotation with its id. */
export const NETWORK_ID = "openstack.projectcalico.org/network-id";
/** Labels of a project. */
export const PROJECT_ID = "projectcalico.org/openstack-project-id";
export const PROJECT_NAME = "projectcalico.org/openstack-project-name";
export const PROJECT_PARENT = "projectcalico.org/openstack-project-parent-id";
/** Labels of a security group begin so: by its id, and by its name. */
export const GROUP_LABEL = "sg.projectcalico.org/openstack-";
export const GROUP_NAME_LABEL = "sg-name.projectcalico.org/openstack-";
/** Annotation with a port's name in DNS. */
export const FQDN = "openstack.projectcalico.org/fqdn";
