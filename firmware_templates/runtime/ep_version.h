/* SPDX-License-Identifier: MIT-0 */
/* The version of the runtime; generated code asserts that it was made for this one. */
#ifndef EP_VERSION_H
#define EP_VERSION_H

#define EP_RUNTIME_VERSION 1

#endif
