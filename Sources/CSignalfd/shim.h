#pragma once

#include <sys/signalfd.h>
