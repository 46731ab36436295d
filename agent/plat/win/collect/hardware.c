/* SPDX-License-Identifier: Apache-2.0
 *
 * What the computer is made of. Serial numbers and asset tags are not asked for.
 */
#include "agent/plat/win/collect/facts.h"
#include "agent/plat/win/collect/wmi.h"

#define ROWS 256

#define LIST(name, ...) static const char *const name[] = {__VA_ARGS__, NULL}
LIST(computer, "Manufacturer", "Model", "SystemFamily", "SystemType", "TotalPhysicalMemory",
     "NumberOfProcessors", "NumberOfLogicalProcessors", "DomainRole", "PartOfDomain", "Domain",
     "Workgroup", "HypervisorPresent", "BootupState", "ThermalState");
LIST(bios, "Manufacturer", "Name", "SMBIOSBIOSVersion", "ReleaseDate", "PrimaryBIOS");
LIST(board, "Manufacturer", "Product", "Version");
LIST(processor, "Name", "Manufacturer", "NumberOfCores", "NumberOfLogicalProcessors",
     "MaxClockSpeed", "CurrentClockSpeed", "LoadPercentage", "L2CacheSize", "L3CacheSize",
     "VirtualizationFirmwareEnabled", "Status");
LIST(memory, "BankLabel", "DeviceLocator", "Capacity", "Speed", "ConfiguredClockSpeed",
     "Manufacturer", "PartNumber");
LIST(video, "Name", "AdapterRAM", "DriverVersion", "DriverDate", "VideoModeDescription", "Status");
LIST(disk, "Index", "Model", "InterfaceType", "MediaType", "Size", "Partitions", "Status",
     "FirmwareRevision");
LIST(battery, "Name", "BatteryStatus", "EstimatedChargeRemaining", "EstimatedRunTime", "Status");

int collect_hardware(struct sink *s, const struct collect_args *args)
{
	static const struct {
		const char *file, *class;
		const char *const *props;
	} all[] = {
	    {"windows/hardware/system", "Win32_ComputerSystem", computer},
	    {"windows/hardware/bios", "Win32_BIOS", bios},
	    {"windows/hardware/board", "Win32_BaseBoard", board},
	    {"windows/hardware/processor", "Win32_Processor", processor},
	    {"windows/hardware/memory", "Win32_PhysicalMemory", memory},
	    {"windows/hardware/video", "Win32_VideoController", video},
	    {"windows/hardware/disk", "Win32_DiskDrive", disk},
	    {"windows/hardware/battery", "Win32_Battery", battery},
	};
	int err = 0;

	(void)args;
	for (size_t i = 0; i < sizeof all / sizeof all[0] && err == 0; i++) {
		const struct wmi_query q = {"ROOT\\CIMV2", all[i].class, "", all[i].props, ROWS};

		err = wmi_file(s, all[i].file, &q);
	}
	return err;
}
